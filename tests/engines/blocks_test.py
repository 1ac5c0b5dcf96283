"""Blocks of images, some of them bad."""

import pytest
import ray_work

from guided_segmentation import artifacts, engines
from guided_segmentation.errors import InputError


def made(folder, **bad):
    make = ray_work.opened(str(folder), ray_work.Bad(**bad))
    return make(list(ray_work.IDS))


def test_a_block_has_a_row_for_each_image_in_order(tmp_path):
    rows = made(tmp_path)
    assert rows == [engines.Row(each, "", None) for each in ray_work.IDS]
    assert not artifacts.missing(ray_work.IDS, tmp_path)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("broken", "InputError: image 'image_03' is unreadable"),
        ("mistaken", "TypeError: an unforeseen shape"),
    ],
)
def test_a_bad_image_does_not_stop_the_others(tmp_path, kind, told):
    rows = made(tmp_path, **{kind: "image_03"})
    assert [each for each in rows if each.error] == [
        engines.Row("image_03", told, None)
    ]
    assert artifacts.missing(ray_work.IDS, tmp_path) == ["image_03"]


def test_what_is_there_is_not_made_again(tmp_path):
    made(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert not [each for each in made(tmp_path, broken="image_03") if each[1]]
    after = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert before == after


def test_values_and_reasons_of_the_work_come_with_the_rows():
    values = {}

    def make(images):
        for image_id in images.image_ids:
            values[image_id] = len(seen)
        seen.append(images.image_ids)
        return {"image_01": "too dark"}

    seen = []
    work = engines.Work(ray_work.source(), make, values)
    make_block = engines.BlockMaker(work, str)
    assert make_block(["image_01", "image_02"]) == [
        engines.Row("image_01", "too dark", 0),
        engines.Row("image_02", "", 0),
    ]
    assert make_block(["image_05"]) == [engines.Row("image_05", "", 1)]
    assert seen == [("image_01", "image_02"), ("image_05",)]


def test_a_value_of_a_first_try_is_that_of_the_last():
    """The block is tried, then each of its images."""
    values, tries = {}, []

    def make(images):
        tries.append(images.image_ids)
        for image_id in images.image_ids:
            if image_id == "b":
                raise InputError("b is bad")
            values[image_id] = len(tries)

    work = engines.Work(ray_work.source(), make, values)
    assert engines.BlockMaker(work, str)(["a", "b", "c"]) == [
        engines.Row("a", "", 2),
        engines.Row("b", "b is bad", None),
        engines.Row("c", "", 4),
    ]
