import cv2
import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.saliency import grabcut

BOXES = np.array([[18, 28, 63, 72], [20, 30, 61, 71], [22, 32, 62, 70]])


def disc(height=80, width=100, seed=0):
    """A textured disc on a textured ground, and its mask."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    mask = (rows - 40) ** 2 + (columns - 50) ** 2 <= 20**2
    image = np.where(mask[..., None], [200, 60, 40], [60, 120, 90])
    image = image + random.normal(0, 12, image.shape)
    return image.clip(0, 255).astype(np.uint8), mask


def filled(box, shape=(80, 100)):
    mask = np.zeros(shape, bool)
    mask[box[0] : box[2], box[1] : box[3]] = True
    return mask


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def source(count=3):
    return schema.Source(
        name="discs",
        image_ids=tuple(f"0_{index}" for index in range(count)),
        image=lambda image_id: disc(seed=int(image_id[-1]))[0],
        boxes=lambda _: BOXES,
    )


def test_a_drawn_disc_is_cut_out_of_three_boxes():
    image, truth = disc()
    cut = grabcut.mask(image, BOXES)
    assert (cut.shape, cut.dtype) == (truth.shape, bool)
    box = filled(grabcut.average_box(BOXES))
    assert iou(box, truth) < 0.85
    assert iou(cut, truth) > 0.9
    assert not (cut & ~box).any()


def test_the_same_image_is_cut_the_same_way_each_time():
    image, _ = disc()
    first = grabcut.mask(image, BOXES)
    cv2.setRNGSeed(99)
    np.testing.assert_array_equal(grabcut.mask(image, BOXES), first)


def test_boxes_are_averaged_edge_by_edge():
    boxes = np.array([[0, 10, 20, 30], [2, 10, 21, 31], [10, 13, 22, 95]])
    mean = grabcut.average_box(boxes)
    assert (mean.tolist(), mean.dtype) == ([4, 11, 21, 52], np.int32)
    assert grabcut.average_box(boxes, "median").tolist() == [2, 10, 21, 31]


def test_the_median_ignores_one_careless_annotator():
    image, truth = disc()
    boxes = np.concatenate([BOXES[:2], [[0, 0, 80, 100]]])
    settings = grabcut.GrabCutSettings(average="median")
    assert iou(grabcut.mask(image, boxes, settings), truth) > 0.9


def test_a_cut_that_fills_too_little_of_its_box_is_the_box():
    image, truth = disc()
    box = np.array([[1, 1, 79, 99]])
    fraction = truth.sum() / filled(box[0]).sum()
    for least, expected in (
        (fraction / 2, truth),
        (2 * fraction, filled(box[0])),
    ):
        settings = grabcut.GrabCutSettings(min_fraction=least)
        assert iou(grabcut.mask(image, box, settings), expected) > 0.9


def test_a_flat_image_gives_the_filled_box():
    image = np.full((80, 100, 3), 90, np.uint8)
    cut = grabcut.mask(image, BOXES)
    np.testing.assert_array_equal(cut, filled(grabcut.average_box(BOXES)))


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 80, 100),  # No background to learn from.
        (0, 0, 80, 99),
        (10, 10, 11, 14),  # Fewer pixels than GrabCut has clusters.
        (10, 10, 12, 12),
        (10, 10, 10, 40),  # Empty.
    ],
)
def test_a_box_too_large_or_too_small_is_taken_as_it_is(box):
    image, _ = disc()
    cut = grabcut.mask(image, np.array([box]))
    if box == (0, 0, 80, 99):
        assert not (cut & ~filled(box)).any()
    else:
        np.testing.assert_array_equal(cut, filled(box))


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (1, 9)])
def test_tiny_images_are_cut_without_complaint(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    height, width = shape
    for box in ([0, 0, height, width - 1], [0, 1, height, width]):
        cut = grabcut.mask(image, np.array([box]))
        assert not (cut & ~filled(box, shape)).any()


def test_masks_are_made_once_for_every_image(tmp_path):
    grabcut.make_masks(source(), tmp_path)
    made = artifacts.read_label_map(tmp_path / "0_2.png")
    expected = grabcut.mask(disc(seed=2)[0], BOXES)
    np.testing.assert_array_equal(made, expected)
    assert set(np.unique(made)) == {0, 1}
    (tmp_path / "0_1.png").unlink()
    before = (tmp_path / "0_0.png").stat().st_mtime_ns
    grabcut.make_masks(source(), tmp_path)
    assert (tmp_path / "0_1.png").exists()
    assert (tmp_path / "0_0.png").stat().st_mtime_ns == before


def test_masks_do_not_depend_on_the_number_of_threads(tmp_path):
    for threads in (1, 3):
        grabcut.make_masks(
            source(), tmp_path / str(threads), num_threads=threads
        )
    for image_id in source().image_ids:
        one, three = (tmp_path / t / f"{image_id}.png" for t in ("1", "3"))
        assert one.read_bytes() == three.read_bytes()


def test_an_error_while_masks_are_made_is_not_lost(tmp_path):
    def fail(image_id):
        raise ValueError(f"{image_id}: unreadable image")

    broken = schema.Source(
        name="broken", image_ids=("0_1",), image=fail, boxes=lambda _: BOXES
    )
    with pytest.raises(ValueError, match="0_1: unreadable image"):
        grabcut.make_masks(broken, tmp_path)
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"average": "median"}, "average = 'mean', now it is 'median'"),
        ({"num_steps": 1}, "num_steps = 5, now it is 1"),
        ({"min_fraction": 0.2}, "min_fraction = 0.1, now it is 0.2"),
    ],
)
def test_masks_of_other_settings_are_not_used_again(tmp_path, changes, told):
    grabcut.make_masks(source(1), tmp_path)
    other = grabcut.GrabCutSettings(**changes)
    with pytest.raises(ValueError, match=f"was begun with {told}; choose"):
        grabcut.make_masks(source(1), tmp_path, other)


def test_masks_that_nobody_knows_are_not_used(tmp_path):
    artifacts.write_label_map(tmp_path / "0_0.png", np.zeros((80, 100), "u1"))
    with pytest.raises(
        ValueError,
        match=r"holds masks, but no settings\.json that says how they were "
        r"made; choose another folder, or delete this one",
    ):
        grabcut.make_masks(source(1), tmp_path)


def test_boxes_are_filled_as_far_as_the_image_goes():
    mask = grabcut.filled(np.array([1, 2, 3, 9]), (4, 4))
    assert np.argwhere(mask).tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
