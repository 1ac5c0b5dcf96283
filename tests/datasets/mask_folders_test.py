import numpy as np
import pytest
from PIL import Image

from guided_segmentation.datasets import folder, inspection


def mask(path, *row):
    """Writes a mask of 3 equal rows of 4 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([row] * 3, np.uint8)).save(path)


@pytest.fixture
def masks_dir(tmp_path, data_dir):
    (data_dir / "class_names.txt").write_text("crack\n")
    return tmp_path / "masks"


def opened(data_dir, masks_dir, **options):
    return folder.source(data_dir, "masks", truth_dir=masks_dir, **options)


def test_masks_of_0_and_255_show_the_only_object(data_dir, masks_dir):
    mask(masks_dir / "a.png", 0, 255, 255, 0)
    mask(masks_dir / "b.png", 0, 0, 0, 0)
    source = opened(data_dir, masks_dir)
    assert source.image_ids == ("a", "b")
    assert source.label_map("a")[0].tolist() == [0, 1, 1, 0]
    assert source.image_labels("a").tolist() == [True]
    assert source.image_labels("b").tolist() == [False]
    assert source.passed_over == ("photographs without mask: 1 (my cat)",)
    inspection.check_label_maps(source)


def test_255_means_ignored_where_a_mask_has_an_index(data_dir, masks_dir):
    mask(masks_dir / "a.png", 0, 255, 255, 0)
    mask(masks_dir / "b.png", 0, 1, 255, 0)
    source = opened(data_dir, masks_dir)
    assert source.label_map("a")[0].tolist() == [0, 255, 255, 0]
    assert source.label_map("b")[0].tolist() == [0, 1, 255, 0]


def test_masks_are_found_in_folders_and_by_roboflows_suffix(tmp_path):
    for name in ("x/a", "y/b"):
        path = tmp_path / f"photos/{name}.png"
        path.parent.mkdir(parents=True)
        Image.new("RGB", (4, 3)).save(path)
    mask(tmp_path / "photos/x/a_mask.png", 0, 1, 1, 0)
    mask(tmp_path / "photos/y/b_mask.png", 0, 2, 2, 0)
    text = "Pixel Value, Class\n0, background\n1, cat\n2, stop sign\n"
    (tmp_path / "photos/_classes.csv").write_text(text)
    source = opened(tmp_path / "photos", tmp_path / "photos")
    assert source.image_ids == ("x/a", "y/b")
    assert source.label_set.objects == ("cat", "stop sign")
    assert source.image_labels("y/b").tolist() == [False, True]
    assert source.passed_over == ()


def test_masks_may_lie_beside_the_photographs_folder_or_in_it(
    data_dir, masks_dir
):
    for name in ("a", "b", "my cat"):
        mask(data_dir / f"masks/{name}.png", 0, 1, 1, 0)
    source = opened(data_dir, data_dir / "masks")
    assert source.image_ids == ("a", "b", "my cat")
    assert source.passed_over == ()


def test_masks_without_photograph_are_counted(data_dir, masks_dir):
    for name in ("a", "b", "my cat", "c"):
        mask(masks_dir / f"{name}.png", 0, 1, 1, 0)
    assert opened(data_dir, masks_dir).passed_over == (
        f"masks of {masks_dir} without photograph: 1 (c.png)",
    )


def test_two_masks_of_a_photograph_are_refused(data_dir, masks_dir):
    mask(masks_dir / "SegmentationClass/a.png", 0, 1, 1, 0)
    mask(masks_dir / "SegmentationObject/a.png", 0, 1, 1, 0)
    with pytest.raises(
        ValueError,
        match=r"masks: SegmentationClass/a\.png and SegmentationObject/a\.png "
        r"are both masks of image 'a'; give the folder of one",
    ):
        opened(data_dir, masks_dir)


def test_a_missing_mask_is_an_error_where_it_is_read(data_dir, masks_dir):
    mask(masks_dir / "a.png", 0, 1, 1, 0)
    source = opened(data_dir, masks_dir)
    with pytest.raises(FileNotFoundError, match=r"no mask of image 'b'; add"):
        source.label_map("b")
    with pytest.raises(
        ValueError,
        match=r"wanted a mask of each photograph, named like it, found none of "
        r"2 \(b, my cat\); add them",
    ):
        opened(data_dir, masks_dir, untagged="error")


def test_masks_of_other_sizes_or_classes_are_refused(data_dir, masks_dir):
    mask(masks_dir / "a.png", 0, 1, 2, 0)
    mask(masks_dir / "b.png", 0, 1)
    source = opened(data_dir, masks_dir)
    with pytest.raises(
        ValueError, match=r"a\.png: wanted class indices 0 to 1"
    ):
        source.label_map("a")
    with pytest.raises(
        ValueError, match=r"b\.png: wanted the height and width"
    ):
        source.label_map("b")


def test_labels_of_masks_want_a_folder_of_masks(data_dir):
    with pytest.raises(
        ValueError,
        match=r"image_labels: wanted one of csv:PATH, .*, or 'masks' with the "
        r"folder of masks; found 'masks' alone",
    ):
        folder.source(data_dir, "masks")


def test_a_missing_folder_of_masks_is_named(data_dir, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/absent"):
        opened(data_dir, tmp_path / "absent")


def test_tags_and_masks_may_be_given_together(data_dir, masks_dir, tmp_path):
    mask(masks_dir / "a.png", 0, 255, 255, 0)
    (tmp_path / "tags.csv").write_text("image_id,labels\na,crack\nb,\n")
    source = folder.source(
        data_dir, f"csv:{tmp_path}/tags.csv", truth_dir=masks_dir
    )
    assert source.image_ids == ("a", "b")
    assert source.label_map("a")[0].tolist() == [0, 1, 1, 0]
    assert source.label_map_file("b") is None
