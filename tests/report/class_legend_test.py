import xml.etree.ElementTree

from guided_segmentation import labels
from guided_segmentation.report import class_legend

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_shows_index_name_and_colour_of_each_object(tmp_path):
    names = ("a fox", "<b> & kot ąę", "猫")
    class_legend.write(tmp_path / "legend.svg", labels.LabelSet(names))
    root = xml.etree.ElementTree.parse(tmp_path / "legend.svg").getroot()
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert texts == ["1 a fox", "2 <b> & kot ąę", "3 猫"]
    colours = [each.get("fill") for each in root.iter(f"{SVG}rect")]
    assert colours == ["#fff", "#800000", "#008000", "#808000"]
    last = [each for each in root.iter(f"{SVG}text")][-1]
    assert float(last.get("y")) < float(root.get("height"))


def test_many_classes_are_named_up_to_a_number():
    label_set = labels.LabelSet(tuple(f"o{index}" for index in range(254)))
    line = class_legend.line(label_set)
    assert ", 30 o29 #" in line
    assert line.endswith(", ...; 0 is the background")
