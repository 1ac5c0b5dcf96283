import dataclasses

import official_archives as official
import pytest

from guided_segmentation.datasets.preparation import sbd, voc2012


@pytest.fixture
def any_archive(monkeypatch):
    """Archives of VOC and SBD need not be the official ones."""
    for module, name in (
        (voc2012, "TRAINVAL"),
        (voc2012, "TEST"),
        (sbd, "ORIGINAL"),
    ):
        known = dataclasses.replace(getattr(module, name), md5="")
        monkeypatch.setattr(module, name, known)


@pytest.fixture
def downloads(tmp_path, any_archive):
    """A folder of VOC's and SBD's archives."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    official.write_tar(folder / official.VOC, official.voc())
    official.write_tar(folder / official.SBD, official.sbd())
    return folder
