import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation import images

SIZE = 65
PHOTOGRAPHS = [(65, 65), (40, 60), (90, 50), (31, 33), (129, 200)]


def coordinates(height, width):
    """A photograph that says at every pixel where it is."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, rows * 0], -1).astype(np.float32)


def reflected(index, length):
    """Walks from pixel to pixel, turning at either edge."""
    place, step = 0, 1 if index > 0 else -1
    for _ in range(abs(index)):
        if length == 1:
            return 0
        if not 0 <= place + step < length:
            step = -step
        place += step
    return place


def interior(places, first, last):
    """Pixels whose two grid cells see no reflected pixel."""
    margin = 12.0
    return (places > first + margin) & (places < last - margin)


def test_the_mean_is_taken_off_blue_green_red():
    rgb = np.array([[[122.679, 116.669, 104.007], [255, 0, 0]]], np.float32)
    np.testing.assert_allclose(
        images.subtract_mean(rgb),
        [[[0, 0, 0], [-104.007, -116.669, 132.321]]],
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((30, 60), 321, (160, 321)),
        ((60, 30), 20, (20, 10)),
        ((500, 333), 321, (321, 214)),
        ((1, 1000), 33, (1, 33)),
    ],
)
def test_the_longer_side_is_the_size_wanted(shape, size, expected):
    for method in ("bilinear", "nearest"):
        resized = images.resize_longer_side(tf.zeros([*shape, 2]), size, method)
        assert resized.shape == (*expected, 2)


@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 24), st.integers(1, 24)
)
@settings(max_examples=60, deadline=None)
def test_padding_reflects_again_and_again(rows, columns, height, width):
    tensor = np.arange(rows * columns).reshape(1, rows, columns, 1)
    padded = images.reflect_pad(tensor, height, width)
    before = max(height - rows, 0) // 2, max(width - columns, 0) // 2
    for axis, length in ((1, rows), (2, columns)):
        total = max((height, width)[axis - 1], length)
        walk = range(-before[axis - 1], total - before[axis - 1])
        indices = [reflected(index, length) for index in walk]
        tensor = np.take(tensor, indices, axis)
    np.testing.assert_array_equal(padded, tensor)


def test_padding_by_less_than_the_image_is_that_of_numpy():
    tensor = np.arange(5 * 6).reshape(5, 6, 1)
    np.testing.assert_array_equal(
        images.reflect_pad(tensor, 12, 9),
        np.pad(tensor, ((3, 4), (1, 2), (0, 0)), mode="reflect"),
    )


def test_padding_larger_than_the_image_is_that_of_numpy():
    tensor = np.arange(3).reshape(3, 1, 1)
    np.testing.assert_array_equal(
        tf.squeeze(images.reflect_pad(tensor, 13, 1)),
        np.pad(np.arange(3), (5, 5), mode="reflect"),
    )


@pytest.mark.parametrize("shape", PHOTOGRAPHS)
@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_a_framed_photograph_lies_where_its_places_say(shape, framing):
    photograph = coordinates(*shape)
    framed = images.frame(photograph, SIZE, framing)
    seen = images.sample(framed.pixels, framed.rows, framed.columns).numpy()
    inside = seen[1:-1, 1:-1] - photograph[1:-1, 1:-1]
    np.testing.assert_allclose(inside, 0, atol=0.51 * max(1, *shape) / SIZE)
    middle = [side // 2 for side in shape]
    np.testing.assert_allclose(
        seen[middle[0], middle[1], :2], middle, atol=1e-3
    )


@pytest.mark.parametrize("shape", PHOTOGRAPHS)
@pytest.mark.parametrize("framing", images.FRAMINGS)
@pytest.mark.parametrize("origin", [3.5, 0.0])
def test_a_grid_of_coordinates_is_read_back_at_every_pixel(
    shape, framing, origin
):
    photograph = coordinates(*shape)
    framed = images.frame(photograph, SIZE, framing)
    places = [framed.rows.numpy(), framed.columns.numpy()]
    if origin:  # The mean over eight pixels is at 8 i + 3.5.
        grid = tf.nn.avg_pool(framed.pixels[None], 8, 8, "VALID")[0]
    else:
        grid = framed.pixels[::8, ::8]
    read = images.upsample_to_image(grid, framed, 8, origin)
    assert read.shape == photograph.shape
    for axis in range(2):
        inside = interior(places[axis], places[axis][0], places[axis][-1])
        assert inside.any() or shape[axis] * SIZE < 30 * max(shape)
        error = np.abs(read - photograph)[..., axis].max(1 - axis)
        assert error[inside].max(initial=0) < 1e-2


def test_a_photograph_cropped_in_training_is_predicted_at_its_own_scale():
    photograph = coordinates(30, 50)
    framed = images.frame(photograph, 33, "crop")
    assert framed.pixels.shape == (33, 57, 3)
    np.testing.assert_array_equal(framed.pixels[1:31, 3:53], photograph)
    np.testing.assert_array_equal(framed.rows, np.arange(1, 31))
    np.testing.assert_array_equal(framed.columns, np.arange(3, 53))


@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_photographs_are_framed_one_by_one_as_in_a_batch(framing):
    batch = np.stack([coordinates(20, 31), coordinates(20, 31)[::-1]])
    framed = images.frame(batch, 33, framing)
    for index in range(2):
        one = images.frame(batch[index], 33, framing)
        np.testing.assert_array_equal(framed.pixels[index], one.pixels)


def test_sampling_is_linear_between_points_and_clipped_beyond():
    grid = np.array([[0.0, 10], [20, 30]], np.float32)[..., None]
    rows = tf.constant([-5.0, 0, 0.5, 7])
    columns = tf.constant([0.0, 0.25, 1.5])
    np.testing.assert_allclose(
        images.sample(grid, rows, columns)[..., 0],
        [[0, 2.5, 10], [0, 2.5, 10], [10, 12.5, 20], [20, 22.5, 30]],
    )


def test_sampling_a_grid_of_one_cell_gives_that_cell_everywhere():
    grid = tf.fill([1, 1, 2], 7.0)
    read = images.sample(grid, tf.range(3.0), tf.range(4.0))
    np.testing.assert_array_equal(read, np.full((3, 4, 2), 7))


@pytest.mark.parametrize("shape", [(50, 70), (20, 12), (33, 33)])
@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_image_and_label_map_stay_together(shape, framing):
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
def test_a_crop_is_fixed_by_its_seed(framing):
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


@pytest.mark.parametrize(
    ("scale", "stride", "side"),
    [(1, 8, 321), (1.5, 8, 481), (1.5, 16, 481), (0.7, 8, 225), (0.7, 16, 225)],
)
def test_a_scaled_photograph_has_whole_cells(scale, stride, side):
    """0.7 * 320 = 224, a multiple of both strides; 0.73 is rounded."""
    assert images.scaled_size(321, scale, stride) == side
    assert images.scaled_size(321, 0.73, 16) == 241


def test_one_of_some_values_is_drawn_as_often_as_any_other():
    drawn = [
        float(images.draw_value((1.0, 1.5, 2.0), tf.constant([7, seed])))
        for seed in range(150)
    ]
    assert {drawn.count(value) > 30 for value in (1.0, 1.5, 2.0)} == {True}


def test_one_value_alone_needs_no_draw():
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
