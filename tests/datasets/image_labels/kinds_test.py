import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels import joining, kinds

WRITTEN = {
    "csv": ("tags.csv", "image_id,labels\nx/a,stop sign;cat\n"),
    "folders": (None, ""),
    "jsonl": ("m.jsonl", '{"file_name": "x/a.jpg", "label": "stop sign"}'),
    "coco": (
        "coco.json",
        '{"images": [{"id": 1, "file_name": "x/a.jpg"}], "categories": '
        '[{"id": 2, "name": "stop sign"}], "annotations": '
        '[{"image_id": 1, "category_id": 2}]}',
    ),
    "labelme": (
        "labelme/x/a.json",
        '{"flags": {}, "shapes": [{"label": "stop sign"}]}',
    ),
    "cvat": (
        "cvat.xml",
        "<annotations><image name='x/a.jpg'><tag label='stop sign'/></image>"
        "</annotations>",
    ),
    "voc": (
        "voc/x/a.xml",
        "<annotation><object><name>stop sign</name></object></annotation>",
    ),
}


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_names_a_photograph_in_a_folder(tmp_path, kind):
    name, content = WRITTEN[kind]
    image_ids, where, wanted = ["x/a", "b"], kind, ["stop sign"]
    if name is None:
        wanted = ["x"]
    else:
        artifacts.write_bytes(tmp_path / name, content.encode())
        is_folder = kinds.KINDS[kind].argument == "DIR"
        path = tmp_path / (kind if is_folder else name)
        where = f"{kind}:{path}"
    tags = joining.read(where, image_ids)
    assert tags.names["x/a"][:1] == wanted
    assert "b" not in tags.names


@pytest.mark.parametrize(
    "text", ["csv", "csv:", "folders:x", "table:x.csv", "masks"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(
        ValueError,
        match=rf"image_labels: wanted one of csv:PATH, folders, jsonl:PATH, "
        rf".*voc:DIR, found '{text}'",
    ):
        kinds.split(text)


def test_the_path_of_a_file_is_that_of_a_csv(tmp_path):
    path = str(tmp_path / "tags.csv")
    assert not kinds.is_one(path)
    (tmp_path / "tags.csv").write_text("image_id,labels\n")
    assert kinds.is_one(path)
    assert kinds.split(path) == ("csv", path)


def test_help_describes_every_kind():
    text = kinds.descriptions()
    assert all(form in text for form in kinds.forms())
    assert kinds.is_one("csv:x")
    assert not kinds.is_one("masks")
