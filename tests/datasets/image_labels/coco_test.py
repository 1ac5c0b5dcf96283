import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels import coco

CONTENT = {
    "images": [
        {"id": 7, "file_name": "train/a.jpg"},
        {"id": 8, "file_name": "b.jpg"},
    ],
    "categories": [{"id": 1, "name": "cat"}, {"id": 5, "name": "stop sign"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 5, "bbox": [0, 0, 1, 1]},
        {"id": 2, "image_id": 7, "category_id": 5},
        {"id": 3, "image_id": 7, "category_id": 1},
    ],
}


def test_an_image_shows_the_categories_of_its_annotations(tmp_path):
    path = tmp_path / "instances.json"
    artifacts.write_json(path, CONTENT)
    assert coco.read(path) == [
        ("train/a.jpg", ["stop sign", "cat"]),
        ("b.jpg", []),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"annotations": [{"id": 4, "image_id": 9, "category_id": 1}]},
            r"annotation 4 is of image 9 and category 1, wanted some of its "
            r"images and categories",
        ),
        ({"categories": None}, r"wanted 'categories' \(list\), found none"),
        ({"images": [{"id": 1}]}, r"images: wanted 'file_name' \(str\), found"),
    ],
)
def test_other_files_are_refused(tmp_path, change, message):
    path = tmp_path / "instances.json"
    artifacts.write_json(path, {**CONTENT, **change})
    with pytest.raises(ValueError, match=rf"instances\.json: {message}"):
        coco.read(path)
