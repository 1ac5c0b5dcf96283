import fsspec
import pytest


@pytest.fixture
def root():
    """An empty folder in the memory of this process."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield "memory://bucket/root"
    memory.store.clear()
