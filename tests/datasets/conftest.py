import fsspec
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


@pytest.fixture
def at_url():
    """Copies a folder into this process's memory, and returns its URL."""
    files = fsspec.filesystem("memory")
    files.store.clear()

    def copied(folder):
        for path in folder.rglob("*"):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                files.pipe_file(f"/{folder.name}/{name}", path.read_bytes())
        return f"memory://{folder.name}"

    yield copied
    files.store.clear()
