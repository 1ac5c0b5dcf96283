import ast
import pathlib

import pytest

from guided_segmentation.errors import InputError

ROOT = pathlib.Path(__file__).parents[1]
# Modules whose plain ValueErrors mean a mistake of the program.
CONTRACTS = {
    "guided_segmentation/artifacts/arrays.py",
    "guided_segmentation/artifacts/decoded.py",
    "guided_segmentation/artifacts/urls.py",
    "guided_segmentation/crf/dense.py",
    "guided_segmentation/datasets/scenes/masks.py",
    "guided_segmentation/datasets/example_specs.py",
    "guided_segmentation/evaluation/average_precision.py",
    "guided_segmentation/guides/evidence.py",
    "guided_segmentation/guides/settings.py",
    "guided_segmentation/networks/layers.py",
    "guided_segmentation/own_photographs/settings.py",
    "guided_segmentation/report/photographs_page.py",
    "guided_segmentation/training/optimizers.py",
    "guided_segmentation/training/train_step.py",
    "guided_segmentation/visualize.py",
}


def test_bad_input_is_a_value_error():
    with pytest.raises(ValueError, match=r"a\.csv: wanted a header"):
        raise InputError("a.csv: wanted a header, found none")


def test_only_contracts_between_functions_raise_a_plain_value_error():
    found = set()
    for path in (
        *ROOT.glob("bin/*"),
        *ROOT.glob("guided_segmentation/**/*.py"),
    ):
        if path.is_file() and path.suffix in ("", ".py"):
            calls = ast.walk(ast.parse(path.read_text()))
            if any(
                isinstance(call, ast.Call)
                and ast.unparse(call.func) == "ValueError"
                for call in calls
            ):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == CONTRACTS
