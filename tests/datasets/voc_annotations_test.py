from xml.etree import ElementTree

import pytest

from guided_segmentation.datasets import voc_annotations

CAT = voc_annotations.Annotation(name="cat", box=(0, 3, 5, 8), truncated=True)


def test_written_objects_are_read_back_and_none_is_difficult(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(voc_annotations.to_xml("a", (5, 9, 3), [CAT, CAT]))
    assert voc_annotations.read_objects(path) == [("cat", False)] * 2


def test_a_written_box_counts_from_one_and_includes_its_last_pixel():
    content = voc_annotations.to_xml("a", (5, 9, 3), [CAT])
    top = ElementTree.fromstring(content)
    corners = ("xmin", "ymin", "xmax", "ymax")
    box = [int(top.findtext(f"object/bndbox/{name}")) for name in corners]
    assert box == [4, 1, 8, 5]
    assert top.findtext("object/truncated") == "1"
    assert top.findtext("size/width") == "9"


def test_a_file_that_is_no_xml_is_refused(tmp_path):
    (tmp_path / "a.xml").write_text("<annotation>")
    with pytest.raises(ValueError, match=r"a\.xml: wanted XML, found"):
        voc_annotations.read_objects(tmp_path / "a.xml")
