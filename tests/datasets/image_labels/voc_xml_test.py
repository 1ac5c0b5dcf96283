import pytest

from guided_segmentation.datasets import voc_annotations
from guided_segmentation.datasets.image_labels import voc_xml


def test_each_object_is_named_once(tmp_path):
    objects = [
        voc_annotations.Annotation(name=name, box=(0, 0, 1, 1), truncated=False)
        for name in ("dog", "stop sign", "dog")
    ]
    xml = voc_annotations.to_xml("a", (4, 3, 3), objects)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.xml").write_bytes(xml)
    (tmp_path / "b.xml").write_bytes(voc_annotations.to_xml("b", (4, 3, 3), []))
    rows = [("b", []), ("more/a", ["dog", "stop sign"])]
    assert voc_xml.read(tmp_path) == rows


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/absent"):
        voc_xml.read(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"wanted VOC's XML files, found none"):
        voc_xml.read(tmp_path)
