import json

import numpy as np
import official_archives as official
import pytest

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import folder, pascal_voc
from guided_segmentation.datasets.image_labels import table
from guided_segmentation.datasets.preparation import coco

INSTANCES = {
    "categories": [
        {"id": 3, "name": "traffic light"},
        {"id": 1, "name": "person"},
    ],
    "images": [
        {"id": 7, "file_name": "000000000007.jpg", "height": 6, "width": 8},
        {"id": 9, "file_name": "000000000009.jpg", "height": 5, "width": 4},
    ],
    "annotations": [
        {
            "id": 1,
            "image_id": 7,
            "category_id": 3,
            "area": 4,
            "iscrowd": 0,
            "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]],
        },
        {
            "id": 2,
            "image_id": 7,
            "category_id": 1,
            "area": 24,
            "iscrowd": 0,
            "segmentation": [[0, 0, 4, 0, 4, 6, 0, 6]],
        },
    ],
}


def changed(**changes):
    """INSTANCES with other values, a deep copy."""
    return json.loads(json.dumps({**INSTANCES, **changes}))


def write(folder, instances=INSTANCES, split="val2017"):
    folder.mkdir(exist_ok=True)
    photographs, annotations = official.coco(instances, split)
    official.write_zip(folder / f"{split}.zip", photographs)
    archive = folder / "annotations_trainval2017.zip"
    official.write_zip(archive, annotations)
    return folder


def prepare(data_dir, output_dir, splits=("val2017",)):
    return coco.prepare(data_dir, output_dir, splits)


def assert_refused(data_dir, output_dir, message, error=ValueError):
    with pytest.raises(error, match=message):
        prepare(data_dir, output_dir)
    assert not (output_dir / "image_labels.csv").exists()


def test_small_objects_stay_visible_on_large_ones(tmp_path):
    prepare(write(tmp_path / "in"), tmp_path / "out")
    source = pascal_voc.source(tmp_path / "out", "val2017")
    wanted = np.zeros((6, 8), np.uint8)
    wanted[:, :4] = 1
    wanted[1:3, 1:3] = 2
    np.testing.assert_array_equal(source.label_map("000000000007"), wanted)


def test_categories_keep_the_order_of_their_ids(tmp_path):
    prepare(write(tmp_path / "in"), tmp_path / "out")
    source = pascal_voc.source(tmp_path / "out", "val2017")
    assert source.label_set.objects == ("person", "traffic_light")


def test_tags_name_the_objects_of_every_image(tmp_path):
    record = prepare(write(tmp_path / "in"), tmp_path / "out")
    path = tmp_path / "out/image_labels.csv"
    assert dict(table.read(path)) == {
        "000000000007": ["person", "traffic_light"],
        "000000000009": [],
    }
    assert record["without_objects"] == 1


def test_the_photographs_are_a_folder_of_their_own(tmp_path):
    prepare(write(tmp_path / "in"), tmp_path / "out")
    source = folder.source(
        tmp_path / "out/JPEGImages", f"csv:{tmp_path}/out/image_labels.csv"
    )
    assert source.image_ids == ("000000000007", "000000000009")
    assert source.label_set.objects == ("person", "traffic_light")
    assert source.image_labels("000000000007").tolist() == [True, True]


def test_folders_and_archives_give_the_same(tmp_path):
    first = prepare(write(tmp_path / "in"), tmp_path / "a")
    for files in official.coco(INSTANCES):
        official.write_folder(tmp_path / "folders", files)
    second = prepare(tmp_path / "folders", tmp_path / "b")
    assert first["sha256"] == second["sha256"]


def test_two_splits_share_photographs_and_tags(tmp_path):
    other = changed(annotations=[])
    for image in other["images"]:
        image["file_name"] = f"1{image['file_name']}"
    for split, content in (("val2017", INSTANCES), ("train2017", other)):
        for files in official.coco(content, split):
            official.write_folder(tmp_path / "in", files)
    splits = "train2017", "val2017"
    record = prepare(tmp_path / "in", tmp_path / "out", splits)
    assert record["images"] == {"train2017": 2, "val2017": 2}
    names = dict(table.read(tmp_path / "out/image_labels.csv"))
    assert len(names) == 4
    for split in splits:
        assert len(pascal_voc.source(tmp_path / "out", split).image_ids) == 2


def test_a_second_call_changes_nothing(tmp_path):
    first = prepare(write(tmp_path / "in"), tmp_path / "out")
    paths = [p for p in (tmp_path / "out").rglob("*.*") if "prep" not in p.name]
    before = [path.stat().st_mtime_ns for path in paths]
    assert prepare(tmp_path / "in", tmp_path / "out") == first
    assert [path.stat().st_mtime_ns for path in paths] == before


@pytest.mark.parametrize(
    "name", ["val2017.zip", "annotations_trainval2017.zip"]
)
def test_a_missing_archive_is_named_with_its_place(tmp_path, name):
    data_dir = write(tmp_path / "in")
    (data_dir / name).unlink()
    message = f"no {name}, .*http://images.* put it at {data_dir / name}"
    assert_refused(data_dir, tmp_path / "out", message, FileNotFoundError)


def test_another_split_is_not_in_the_annotations(tmp_path):
    official.write_zip(tmp_path / "test2017.zip", {"test2017/a.jpg": b""})
    write(tmp_path)
    with pytest.raises(
        ValueError, match=r"found no .*instances_test2017\.json"
    ):
        prepare(tmp_path, tmp_path / "out", ("test2017",))


def test_what_is_not_coco_is_refused(tmp_path):
    path = write(tmp_path / "in") / "annotations_trainval2017.zip"
    name = "annotations/instances_val2017.json"
    official.write_zip(path, {name: b"{}"})
    message = "wanted COCO's images, .*found no 'categories'"
    assert_refused(tmp_path / "in", tmp_path / "out", message)
    official.write_zip(path, {name: b"{"})
    message = "instances_val2017.json: wanted JSON"
    assert_refused(tmp_path / "in", tmp_path / "out", message)


def test_splits_of_different_categories_are_refused(tmp_path):
    other = changed(categories=[{"id": 1, "name": "person"}], annotations=[])
    for split, content in (("val2017", INSTANCES), ("train2017", other)):
        for files in official.coco(content, split):
            official.write_folder(tmp_path / "in", files)
    with pytest.raises(ValueError, match="the same categories in train2017, "):
        prepare(tmp_path / "in", tmp_path / "out", ("train2017", "val2017"))


def test_missing_photographs_and_other_sizes_are_counted(tmp_path):
    data_dir = write(tmp_path / "in")
    content = {"val2017/000000000007.jpg": official.photograph((3, 3))}
    official.write_zip(data_dir / "val2017.zip", content)
    message = r"2 faults: .*7\.jpg has .*\(3, 3\), wanted \(6, 8\).*9\.jpg"
    assert_refused(data_dir, tmp_path / "out", message)


def test_a_crowd_is_ignored_but_counts_as_present(tmp_path):
    crowd = {
        "id": 3,
        "image_id": 9,
        "category_id": 1,
        "area": 9,
        "iscrowd": 1,
        "segmentation": {"size": [5, 4], "counts": [5, 5, 10]},
    }
    instances = changed(annotations=[crowd])
    prepare(write(tmp_path / "in", instances), tmp_path / "out")
    path = tmp_path / "out/SegmentationClass/000000000009.png"
    label_map = artifacts.read_label_map(path)
    assert (label_map[:, 1] == labels.IGNORE).all()
    names = dict(table.read(tmp_path / "out/image_labels.csv"))
    assert names["000000000009"] == ["person"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"category_id": 8}, "found no 'category 8'"),
        ({"image_id": 8}, "found no 'image 8'"),
        (
            {"segmentation": [[1, 2]]},
            r"instances_val2017.json: image '000000000007': annotation 1: wan",
        ),
    ],
)
def test_an_annotation_that_does_not_fit_is_refused(tmp_path, values, message):
    annotation = {**INSTANCES["annotations"][0], **values}
    data_dir = write(tmp_path / "in", changed(annotations=[annotation]))
    assert_refused(data_dir, tmp_path / "out", message)


def test_an_annotation_without_its_parts_is_refused(tmp_path):
    annotation = dict(INSTANCES["annotations"][0])
    del annotation["area"]
    data_dir = write(tmp_path / "in", changed(annotations=[annotation]))
    message = "wanted COCO's images, .*found no 'area of annotation 1'"
    assert_refused(data_dir, tmp_path / "out", message)
