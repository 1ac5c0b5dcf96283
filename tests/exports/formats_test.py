import export_samples
import numpy as np
import pytest

from guided_segmentation import artifacts, exports


def export(folder, kind="yolo", source=None):
    source = source or export_samples.write(folder)
    return exports.write(
        kind,
        source,
        folder / "masks",
        export_samples.LABEL_SET,
        folder / "out",
    )


def test_an_unknown_format_is_an_error(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^wanted an export to coco, labelme, yolo, found 'voc'$",
    ):
        export(tmp_path, "voc")


@pytest.mark.parametrize("kind", list(exports.KINDS))
def test_without_label_maps_nothing_is_written(tmp_path, kind):
    source = export_samples.write(tmp_path)
    (tmp_path / "masks").rename(tmp_path / "elsewhere")
    with pytest.raises(
        ValueError,
        match=r"masks: wanted label maps of shapes, found none; run "
        r"bin/segment_images$",
    ):
        export(tmp_path, kind, source)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", list(exports.KINDS))
def test_classes_outside_the_label_set_are_an_error(tmp_path, kind):
    source = export_samples.write(tmp_path)
    path = tmp_path / "masks" / "one.png"
    artifacts.write_label_map(path, np.full((9, 9), 4, np.uint8))
    with pytest.raises(
        ValueError,
        match=r"one\.png: wanted class indices 0 to 3 or 255 .*\[4\]",
    ):
        export(tmp_path, kind, source)
