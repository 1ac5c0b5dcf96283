import numpy as np
import pytest
import tensorflow as tf
from photographs import coordinates

from guided_segmentation import images

SIZE = 65
PHOTOGRAPHS = [(65, 65), (40, 60), (90, 50), (31, 33), (129, 200)]


def interior(places, first, last):
    """Pixels whose two grid cells see no reflected pixel."""
    margin = 12.0
    return (places > first + margin) & (places < last - margin)


@pytest.mark.parametrize("shape", PHOTOGRAPHS)
@pytest.mark.parametrize("framing", images.FRAMINGS)
def test_a_framed_photograph_is_where_its_positions_say(shape, framing):
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
