import dataclasses

import export_samples
import numpy as np
import pytest

from guided_segmentation import artifacts, exports


@pytest.fixture
def written(tmp_path):
    source = export_samples.write(tmp_path)
    out = tmp_path / "out"
    arguments = (source, tmp_path / "masks", export_samples.LABEL_SET, out)
    assert exports.write("yolo", *arguments) == 6
    assert exports.write("yolo", *arguments) == 6  # Again, over itself.
    return out


def test_photographs_and_labels_lie_in_like_folders(written):
    for name in ("one", "deep/none"):
        assert artifacts.read_image(
            written / "images" / f"{name}.png"
        ).shape == (150, 200, 3)
        assert (written / "labels" / f"{name}.txt").exists()
    assert (written / "labels" / "deep" / "none.txt").read_text() == ""
    assert (written / "images" / "one.png").is_symlink()


def test_links_stay_right_when_all_is_moved(written, tmp_path):
    moved = tmp_path.with_name(f"{tmp_path.name}_moved")
    tmp_path.rename(moved)
    artifacts.read_image(moved / "out" / "images" / "one.png")
    moved.rename(tmp_path)


def test_classes_count_from_zero_and_corners_are_fractions(written):
    lines = (written / "labels" / "one.txt").read_text().splitlines()
    rows = [line.split() for line in lines]
    assert [row[0] for row in rows] == ["0", "0", "0", "1", "1", "2"]
    for row in rows:
        corners = np.array(row[1:], float)
        assert len(corners) >= 6 and len(corners) % 2 == 0
        assert (corners >= 0).all() and (corners <= 1).all()


def test_names_survive_yaml(written):
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load((written / "data.yaml").read_text())
    assert found == {
        "train": "images",
        "val": "images",
        "names": dict(enumerate(export_samples.LABEL_SET.objects)),
    }


def test_supervision_reads_the_masks_back(written):
    supervision = pytest.importorskip(
        "supervision", reason="wants supervision: pip install .[test]"
    )
    found = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(written / "images"),
        annotations_directory_path=str(written / "labels"),
        data_yaml_path=str(written / "data.yaml"),
        force_masks=True,
    )
    assert found.classes == list(export_samples.LABEL_SET.objects)
    [(_, _, detections)] = [each for each in found if "one" in each[0]]
    wanted = export_samples.label_map()
    for index in range(3):
        masks = detections.mask[detections.class_id == index]
        drawn = np.asarray(masks).any(axis=0)
        assert export_samples.iou(drawn, wanted == index + 1) > 0.98


def test_photographs_that_are_no_files_are_written(tmp_path):
    source = export_samples.write(tmp_path)
    drawn = dataclasses.replace(source, photograph=None)
    for kind in ("yolo", "labelme"):
        exports.write(
            kind,
            drawn,
            tmp_path / "masks",
            export_samples.LABEL_SET,
            tmp_path / kind,
        )
    artifacts.read_image(tmp_path / "yolo" / "images" / "one.png")
    artifacts.read_image(tmp_path / "labelme" / "deep" / "none.png")
