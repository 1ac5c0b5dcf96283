"""Rules of docs/how_to/contributing.md that the source itself shows."""

import ast
import pathlib

import programs
import pytest

MAX_MODULE, MAX_FUNCTION = 300, 40  # Lines.
FILES = sorted(
    path
    for folder in ("guided_segmentation", "bin", "docs")
    for path in (programs.ROOT / folder).rglob("*")
    if path.suffix == ".py" or (path.parent.name == "bin" and path.is_file())
)
every_file = pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(programs.ROOT)) for path in FILES]
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@every_file
def test_a_module_has_at_most_300_lines_and_a_docstring(path):
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_MODULE
    assert ast.get_docstring(ast.parse(text)) or not text.strip()


@every_file
def test_a_function_has_at_most_40_lines_beside_its_docstring(path):
    text = path.read_text()
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            body = node.body[ast.get_docstring(node) is not None :]
            first, last = (body or node.body)[0].lineno, node.end_lineno
            code = [each for each in lines[first - 1 : last] if each.strip()]
            assert len(code) <= MAX_FUNCTION, node.name


@every_file
def test_what_is_public_has_a_docstring(path):
    lacking = [
        node.name
        for node in public(ast.parse(path.read_text()))
        if not ast.get_docstring(node)
    ]
    assert not lacking


def public(parent):
    """Yields public classes and functions, not those inside functions."""
    for node in parent.body:
        if not isinstance(node, Function | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public(node)


def test_the_rules_are_checked_for_all_of_the_package():
    assert len(FILES) > 150
    assert pathlib.Path(programs.ROOT / "bin" / "make_seeds") in FILES
