import io

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.demo import upload

LIMITS = upload.Limits(max_megabytes=0.05, max_pixels=5000, longest_px=60)
ROWS = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)  # Noise-free.


def write(path, pixels=ROWS, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_small_photograph_is_read_as_the_binaries_read_it(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    image = upload.photograph(path, LIMITS)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, artifacts.read_image(path))


def test_a_16_bit_photograph_keeps_its_greys(tmp_path):
    levels = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    path = write(tmp_path / "a.png", levels)
    grey = upload.photograph(path, LIMITS)[..., 0]
    np.testing.assert_array_equal(grey, levels >> 8)


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(1, ROWS), (3, ROWS[::-1, ::-1]), (6, np.rot90(ROWS, -1))],
)
def test_a_photograph_stands_upright(tmp_path, orientation, turned):
    """6: the camera's top is on the right; a quarter clockwise rights it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write(tmp_path / "a.png", exif=exif)
    image = upload.photograph(path, LIMITS)
    np.testing.assert_array_equal(image, turned)


def test_a_large_photograph_is_made_smaller_in_its_proportions(tmp_path):
    path = write(tmp_path / "a.png", np.full((30, 120, 3), 7, np.uint8))
    image = upload.photograph(path, LIMITS)
    assert image.shape == (15, 60, 3)
    assert (image == 7).all()


def message(path):
    with pytest.raises(ValueError) as caught:
        upload.photograph(path, LIMITS)
    return str(caught.value)


def test_a_file_too_large_is_refused(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(bytes(123_456))
    assert message(path) == (
        "a.png: wanted at most 0.05 MB, found 0.1 MB; choose a smaller "
        "photograph"
    )


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    path = write(tmp_path / "a.png", np.zeros((90, 60, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:60])  # The header alone.
    assert message(path) == (
        "a.png: wanted at most 5000 pixels, found 60 x 90; choose a smaller "
        "photograph"
    )


def test_what_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert message(path) == (
        "a.png: wanted a photograph, found far too many pixels; choose another"
    )


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_types_are_refused_whatever_their_name(tmp_path, kind):
    content = io.BytesIO()
    Image.fromarray(ROWS).save(content, kind)
    path = tmp_path / "a.png"
    path.write_bytes(content.getvalue())
    assert message(path) == (
        "a.png: wanted a photograph as JPEG or PNG, found a file of another "
        "type; choose another"
    )


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_damaged_photograph_is_refused(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:-300])
    assert message(path) == (
        f"a{suffix}: wanted a whole photograph, found a damaged file; choose "
        f"another"
    )
