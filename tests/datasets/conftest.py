import pytest
from PIL import Image


@pytest.fixture
def data_dir(tmp_path):
    """A folder of three photographs."""
    data_dir = tmp_path / "photographs"
    data_dir.mkdir()
    for name in ("b.JPG", "a.png", "my cat.jpeg"):
        Image.new("RGB", (4, 3)).save(data_dir / name)
    return data_dir
