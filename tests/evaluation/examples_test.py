"""Examples in docstrings give what they show."""

import doctest

import pytest

from guided_segmentation.evaluation import (
    average_precision,
    mean_iou,
    precision_recall,
)


@pytest.mark.parametrize(
    "module", [average_precision, mean_iou, precision_recall]
)
def test_examples_give_what_they_show(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed
