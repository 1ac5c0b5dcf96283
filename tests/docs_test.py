"""The documentation against the code: commands, names, links, words."""

import functools
import importlib
import pathlib
import re
import shlex

import numpy as np
import programs
import pytest

from guided_segmentation import artifacts

ROOT = programs.ROOT
PAGES = (
    ROOT / "README.md",
    ROOT / "saved_models" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
ROLE = re.compile(r"\{(?:mod|func|class|meth|attr)\}`[^<`]*<([\w.]+)>`")


def commands(page: pathlib.Path) -> list[list[str]]:
    """Returns the commands of binaries that a page prints, by word."""
    text = re.sub(r" *\\\n *", " ", page.read_text())
    lines = re.findall(r"^    bin/(\S+ .*)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def found(name: str) -> object:
    """Returns a module, or what is in one, by its full name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        parent, _, member = name.rpartition(".")
        owner = found(parent)
        fields = getattr(owner, "__dataclass_fields__", {})
        return fields[member] if member in fields else getattr(owner, member)


@pytest.fixture(scope="module")
def launcher():
    launcher = programs.Launcher()
    yield launcher
    launcher.close()


@pytest.fixture(scope="module")
def flagfiles(tmp_path_factory):
    """The flagfiles that the reader of "Step by step" writes."""
    folder = tmp_path_factory.mktemp("flags")
    page = ROOT / "docs" / "start" / "step_by_step.md"
    contents = re.findall(r"```text\n(--.*?)```", page.read_text(), re.DOTALL)
    for name, content in zip(("photos", "small"), contents, strict=True):
        (folder / f"{name}.flags").write_text(content)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_printed_command_fits_its_binary(page, launcher, flagfiles):
    own = functools.partial(
        re.sub, r"^--flagfile=(photos|small)", rf"--flagfile={flagfiles}/\1"
    )
    for name, *arguments in commands(page):
        done = launcher.run(name, *map(own, arguments), "--only_check_args")
        assert done.returncode == 0, (name, arguments, done.stderr)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_linked_file_exists(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page.read_text())
    for target in links:
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_name_of_the_code_exists(page):
    for name in ROLE.findall(page.read_text()):
        found(name)


def test_the_python_of_what_a_mask_is_runs(tmp_path, monkeypatch, capsys):
    mask = np.array([[0, 2, 2], [1, 2, 0]], np.uint8)
    artifacts.write_label_map(tmp_path / "masks" / "0001.png", mask)
    image = np.full((2, 3, 3), 99, np.uint8)
    artifacts.write_image(tmp_path / "photos" / "0001.jpg", image)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "start" / "masks.md").read_text()
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    assert artifacts.read_size("overlay.png") == (2, 3)
    assert capsys.readouterr().out == "{0: 2, 1: 1, 2: 3}\n"
    np.testing.assert_array_equal(names["mask"], mask)


def test_no_walk_passes_a_module_twice():
    text = (ROOT / "docs" / "walks.md").read_text()
    for walk in text.split("\n## ")[1:]:
        rows = [r.split(" | ") for r in walk.splitlines() if r.startswith("| ")]
        modules = [name for row in rows for name in ROLE.findall(row[1])]
        assert len(modules) == len(set(modules)) > 10


def test_readme_has_at_most_1000_words():
    assert len((ROOT / "README.md").read_text().split()) <= 1000
