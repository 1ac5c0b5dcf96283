import pytest

from guided_segmentation.report import columns


def test_the_first_column_is_aligned_left_and_the_others_right():
    assert columns.aligned([["guide", "mIoU"], ["g2", "5.0"]]) == [
        "guide  mIoU",
        "g2      5.0",
    ]


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        columns.aligned([["guide", "mIoU"], ["g2"]])
