"""The examples in the docstrings of the package are true."""

import doctest
import importlib
import pathlib

import pytest

import guided_segmentation

PACKAGE = pathlib.Path(guided_segmentation.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name):
    module = importlib.import_module(name.removesuffix(".__init__"))
    found = doctest.testmod(
        module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert found.attempted
    assert not found.failed
