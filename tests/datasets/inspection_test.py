import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.datasets import inspection, pascal_voc, synthetic


@pytest.fixture
def root(tmp_path):
    """Six images in VOC's layout; the first three show a cat."""
    for index, name in enumerate("abcdef"):
        label_map = np.full((3, 4), 8 * (index < 3), np.uint8)
        path = tmp_path / "SegmentationClass" / f"{name}.png"
        artifacts.write_label_map(path, label_map)
        write_photograph(tmp_path, name)
    path = tmp_path / "ImageSets" / "Segmentation" / "train.txt"
    artifacts.write_bytes(path, b"a\nb\nc\nd\ne\nf\n")
    return tmp_path


def write_photograph(root, name, size=(4, 3), **options):
    path = root / "JPEGImages" / f"{name}.jpg"
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size).save(path, **options)


def test_sound_files_pass(root):
    exif = Image.Exif()
    exif[0x0112] = 8
    write_photograph(root, "a", (3, 4), exif=exif)
    inspection.check_files(pascal_voc.source(root, "train"))


def test_bad_files_are_named_and_counted_together(root):
    for name in "abcd":
        (root / "JPEGImages" / f"{name}.jpg").write_text("no image")
    write_photograph(root, "f", (5, 5))
    with pytest.raises(ValueError, match=r"a\.jpg: .* \| .*b\.jpg: ") as caught:
        inspection.check_files(pascal_voc.source(root, "train"))
    assert str(caught.value).endswith(" | and 2 more files")


def test_label_maps_of_another_size_are_named_if_they_are_needed(root):
    write_photograph(root, "f", (5, 7))
    source = pascal_voc.source(root, "train")
    inspection.check_files(source, label_maps=False)
    with pytest.raises(
        ValueError,
        match=r"f\.png: wanted the height and width of image 'f', \(7, 5\), "
        r"found \(3, 4\); replace one of the two",
    ):
        inspection.check_files(source)


def test_drawn_images_are_neither_checked_nor_counted():
    source = synthetic.source("train", num_images=2)
    inspection.check_files(source)
    inspection.check_label_maps(source)
    assert inspection.class_counts(source) is None
    line = inspection.summary(source, None)
    assert line.startswith("data: synthetic/train, 2 images; 6 classes: ")


@pytest.mark.parametrize("has_class", [True, False])
def test_label_maps_of_0_and_255_alone_are_refused(root, has_class):
    for name in "abcde":
        label_map = np.array([[0, 0, 255, 255]] * 3, np.uint8)
        path = root / "SegmentationClass" / f"{name}.png"
        artifacts.write_label_map(path, label_map)
    source = pascal_voc.source(root, "train")
    if has_class:
        path = root / "SegmentationClass" / "f.png"
        artifacts.write_label_map(path, np.full((3, 4), 8, np.uint8))
        inspection.check_label_maps(source)
        return
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted class indices from 1 on, found 0 and 255 alone, "
        r"and no object in any label map of the split; 255 means ignored: "
        r"write the class index, such as 1, instead",
    ):
        inspection.check_label_maps(source)


def test_classes_are_counted_if_that_is_cheap(root, monkeypatch):
    source = pascal_voc.source(root, "train")
    counts = inspection.class_counts(source)
    assert counts["cat"] == 3
    assert sum(counts.values()) == 3
    monkeypatch.setattr(inspection, "MAX_COUNTED", 5)
    assert inspection.class_counts(source) is None
