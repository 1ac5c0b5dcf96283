import numpy as np
import pytest
import tensorflow as tf
from photographs import coordinates

from guided_segmentation import images


@pytest.mark.parametrize("shape", [(50, 70), (20, 12), (33, 33)])
@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_image_and_label_map_are_cut_and_flipped_alike(shape, framing):
    """Both say the row, then both the column, of the pixel they show."""
    photograph = coordinates(*shape)
    for axis in range(2):
        label_map = photograph[..., axis].astype(np.uint8)
        for seed in range(6):
            image, cut = images.training_crop(
                photograph, label_map, [1, seed], size=33, framing=framing
            )
            gap_px = np.abs(image[..., axis] - tf.cast(cut, tf.float32))
            assert gap_px.max() <= (0.0 if framing == "crop" else 0.501)


@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_a_crop_is_determined_by_its_seed(framing):
    photograph, label_map = coordinates(50, 70), np.zeros((50, 70), np.uint8)

    def cut(seed):
        return images.training_crop(
            photograph, label_map, [0, seed], size=33, framing=framing
        )[0].numpy()

    crops = [cut(seed) for seed in range(8)]
    np.testing.assert_array_equal(crops[3], cut(3))
    assert len({crop.tobytes() for crop in crops}) > 1


def test_crops_begin_everywhere_and_half_are_flipped():
    photograph, label_map = coordinates(12, 11), np.zeros((12, 11), np.uint8)
    corners, flips = set(), 0
    for seed in range(120):
        image, _ = images.training_crop(
            photograph, label_map, [seed, 5], size=9, framing="crop"
        )
        corners.add(tuple(image.numpy()[..., :2].min((0, 1)).astype(int)))
        flips += bool(image[0, 0, 1] > image[0, 1, 1])
    assert corners == {(row, column) for row in range(4) for column in range(3)}
    assert 40 < flips < 80


def test_a_tight_crop_trims_up_to_a_tenth_of_each_side():
    photograph, label_map = coordinates(100, 100), np.zeros((100, 100), "u1")
    edges = []
    for seed in range(60):
        image, _ = images.training_crop(
            photograph, label_map, [seed, 0], size=99, framing="tight"
        )
        seen = image.numpy()[..., :2]
        edges.append([*seen.min((0, 1)), *(99 - seen.max((0, 1)))])
    edges = np.array(edges)
    assert edges.min() >= -1e-3
    assert edges.max() < 10.5
    assert (edges.max(0) > 7).all()
    assert (np.abs(edges.mean(0) - 4.5) < 1.2).all()


@pytest.mark.parametrize("shape", [(50, 70), (20, 12)])
def test_a_whole_crop_is_the_framed_photograph_perhaps_mirrored(shape):
    photograph = coordinates(*shape)
    label_map = photograph[..., 1].astype(np.uint8)
    framed = images.frame(photograph, 33, "whole").pixels
    whole = images.whole_label_map(label_map, 33)
    assert (whole.shape, whole.dtype) == ((33, 33), tf.uint8)
    for number in range(6):
        seed = tf.constant([0, number])
        image, cut = images.training_crop(
            photograph, label_map, seed, size=33, framing="whole"
        )
        turn = -1 if images.draw_flip(seed) else 1
        np.testing.assert_array_equal(image, framed[:, ::turn])
        np.testing.assert_array_equal(cut, whole[:, ::turn])


@pytest.mark.parametrize("scale", [0.5, 2.0])
@pytest.mark.parametrize("framing", ["whole", "crop"])
def test_a_scaled_crop_shows_its_photograph_at_that_scale(framing, scale):
    """Neighbours in the crop are 1 / scale pixels of the photograph apart."""
    photograph = coordinates(48, 64)
    label_map = photograph[..., 1].astype(np.uint8)
    size = 65 if framing == "whole" else 33
    for seed in range(4):
        image, cut = images.training_crop(
            photograph,
            label_map,
            [2, seed],
            size=size,
            framing=framing,
            scale=scale,
        )
        steps = np.abs(np.diff(image[size // 2, :, 1]))
        longer = round((65 if framing == "whole" else 64) * scale)
        expected = 64 / longer
        assert abs(np.median(steps) - expected) < 0.02
        gap_px = np.abs(image[..., 1] - tf.cast(cut, tf.float32))
        assert gap_px.max() < 0.51


def test_every_value_is_drawn_equally_often():
    drawn = [
        float(images.draw_value((1.0, 1.5, 2.0), tf.constant([7, seed])))
        for seed in range(150)
    ]
    assert {drawn.count(value) > 30 for value in (1.0, 1.5, 2.0)} == {True}


def test_a_single_value_is_returned_as_it_is():
    assert images.draw_value((1.5,), tf.constant([7, 7])) == 1.5


def test_crops_in_a_pipeline_are_those_made_eagerly():
    photograph = coordinates(20, 40).astype(np.uint8)
    label_map = photograph[..., 0]
    specs = [
        tf.TensorSpec([None, None, 3], tf.uint8),
        tf.TensorSpec([None, None], tf.uint8),
    ]
    dataset = tf.data.Dataset.from_generator(
        lambda: [(photograph, label_map)], output_signature=tuple(specs)
    ).map(
        lambda image, truth: images.training_crop(
            image, truth, [3, 4], size=17, framing="tight"
        )
    )
    assert dataset.element_spec == (
        tf.TensorSpec([17, 17, 3], tf.float32),
        tf.TensorSpec([17, 17], tf.uint8),
    )
    made = next(iter(dataset))
    eager = images.training_crop(
        photograph, label_map, [3, 4], size=17, framing="tight"
    )
    np.testing.assert_allclose(made[0], eager[0], atol=1e-4)
    np.testing.assert_array_equal(made[1], eager[1])


@pytest.mark.parametrize(("height", "width"), [(9, 70), (40, 33), (1, 5)])
def test_a_square_is_padded_cut_and_mirrored_bit_for_bit(height, width):
    """As whole tensors would be, step by step."""
    random = np.random.default_rng(0)
    image = tf.constant(random.integers(0, 255, (height, width, 3), np.uint8))
    label_map = tf.constant(random.integers(0, 9, (height, width), np.uint8))
    seen = set()
    for number in range(6):
        seed = tf.constant([0, number])
        found = images.training_crop(
            image, label_map, seed, size=33, framing="crop"
        )
        for tensor, square in zip((image, label_map), found, strict=True):
            padded = images.reflect_pad(
                tf.reshape(tensor, [height, width, -1]), 33, 33
            )
            row, column = images.draw_corner(seed, tf.shape(padded)[:2] - 33)
            expected = padded[row : row + 33, column : column + 33]
            if images.draw_flip(seed):
                expected = expected[:, ::-1]
            np.testing.assert_array_equal(
                square, tf.reshape(expected, square.shape)
            )
        assert found[0].dtype == tf.float32
        assert found[1].dtype == tf.uint8
        seen.add(bool(images.draw_flip(seed)))
    assert seen == {False, True}
