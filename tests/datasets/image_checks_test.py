import numpy as np
import pytest
from PIL import Image

from guided_segmentation.datasets import image_checks


def test_the_size_of_a_map_on_its_side_is_explained(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    Image.new("RGB", (4, 3)).save(path, exif=exif)
    image_checks.require_size(np.zeros((4, 3)), "a.png", path, "a")
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted the height and width of image 'a', \(4, 3\) "
        r"\(its EXIF orientation is a quarter turn\), found \(3, 4\); replace",
    ):
        image_checks.require_size(np.zeros((3, 4)), "a.png", path, "a")
