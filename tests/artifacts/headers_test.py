import pytest
from PIL import Image

from guided_segmentation import artifacts


@pytest.mark.parametrize(("tag", "orientation"), [(6, 6), (1, 1), (99, 1)])
def test_a_header_tells_format_mode_size_and_orientation(
    tmp_path, tag, orientation
):
    exif = Image.Exif()
    exif[0x0112] = tag
    path = tmp_path / "a.png"
    Image.new("L", (4, 3)).save(path, "JPEG", exif=exif)
    wanted = artifacts.Header("JPEG", "L", (3, 4), orientation)
    assert artifacts.read_header(path) == wanted


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("none")
    with pytest.raises(ValueError, match=r"a\.png: wanted an image, found"):
        artifacts.read_header(tmp_path / "a.png")
