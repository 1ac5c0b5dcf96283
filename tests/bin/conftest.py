"""Fixtures of the tests of binaries."""

import pytest
from damaged_data import Voc


@pytest.fixture
def voc(tmp_path):
    """Two images in VOC's layout, with seeds and saliency maps."""
    return Voc(tmp_path / "voc")
