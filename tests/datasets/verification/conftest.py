import shutil

import pytest
from drawn_folders import DrawnFolder


@pytest.fixture(scope="session")
def faultless(tmp_path_factory):
    return DrawnFolder(tmp_path_factory.mktemp("faultless")).draw()


@pytest.fixture
def drawn(faultless, tmp_path):
    """A copy of the faultless folder."""
    shutil.copytree(faultless.root, tmp_path / "drawn")
    return DrawnFolder(tmp_path / "drawn")
