import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.datasets.verification import layouts, scan


def cosine_transform(picture):
    """The two-dimensional DCT-II, by its definition."""
    size = len(picture)
    places = np.arange(size)
    waves = np.cos(np.pi * places[:, None] * (places + 0.5) / size)
    return waves @ picture @ waves.T


def test_the_hash_tells_which_low_frequencies_are_above_their_median():
    """Factors of the orthonormal transform change no sign of row 1 on."""
    picture = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    low = cosine_transform(picture.astype(float))[:8, :8]
    low[0] /= np.sqrt(2)
    low[:, 0] /= np.sqrt(2)
    values = low.ravel()[1:]
    bits = "0" + "".join("01"[int(v > np.median(values))] for v in values)
    assert scan.perceptual_hash(picture) == int(bits, 2)


def facts(tmp_path, image, **masks):
    image.save(tmp_path / "a.png")
    layout = layouts.Layout(
        name="folder",
        photographs={"a": tmp_path / "a.png"},
        splits={"all": ("a",)},
        masks=masks,
    )
    (found,) = scan.scan(layout)
    return found


@pytest.mark.parametrize(
    ("image", "is_flat", "is_mask"),
    [
        (Image.new("RGB", (40, 30), "teal"), True, False),
        (Image.new("P", (40, 30)), True, True),
        (Image.linear_gradient("L"), False, False),
        (Image.linear_gradient("L").convert("1"), False, True),
    ],
    ids=["one colour", "palette", "grey", "black and white"],
)
def test_pictures_of_one_colour_and_masks_are_told_apart(
    tmp_path, image, is_flat, is_mask
):
    found = facts(tmp_path, image)
    assert found.problem is None
    assert (found.is_flat, found.is_mask) == (is_flat, is_mask)
    assert found.size == image.size[::-1]
    assert len(found.thumbnail) == 256


def test_the_values_of_a_mask_are_counted(tmp_path):
    label_map = np.array([[0, 0, 7], [255, 7, 7]], np.uint8)
    artifacts.write_label_map(tmp_path / "mask.png", label_map)
    image = Image.new("RGB", (3, 2))
    found = facts(tmp_path, image, a=tmp_path / "mask.png").mask
    assert found.size == (2, 3)
    assert found.counts == {0: 2, 7: 3, 255: 1}


def test_a_photograph_that_cannot_be_read_keeps_its_mask(tmp_path):
    artifacts.write_label_map(tmp_path / "mask.png", np.zeros((2, 3), np.uint8))
    layout = layouts.Layout(
        name="folder",
        photographs={"a": tmp_path / "absent.png"},
        splits={"all": ("a",)},
        masks={"a": tmp_path / "mask.png"},
    )
    (found,) = scan.scan(layout)
    assert found.problem == f"no file {tmp_path}/absent.png"
    assert found.mask.counts == {0: 6}
