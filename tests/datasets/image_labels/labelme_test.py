import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels import labelme


def test_flags_that_are_set_and_shapes_are_objects(tmp_path):
    shapes = [{"label": "cat", "points": []}, {"label": "cat"}]
    artifacts.write_json(
        tmp_path / "more/a.json",
        {"flags": {"dog": True, "cow": False}, "shapes": shapes},
    )
    artifacts.write_json(tmp_path / "b.json", {"flags": {}, "shapes": []})
    assert labelme.read(tmp_path) == [("b", []), ("more/a", ["dog", "cat"])]


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/absent"):
        labelme.read(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"wanted labelme's JSON files, found"):
        labelme.read(tmp_path)
    artifacts.write_json(tmp_path / "a.json", {"images": []})
    with pytest.raises(
        ValueError, match=r"a\.json: wanted 'shapes' \(list\), found none"
    ):
        labelme.read(tmp_path)
