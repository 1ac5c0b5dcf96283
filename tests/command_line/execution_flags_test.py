import pathlib

import numpy as np
import pytest
from absl.testing import flagsaver

from guided_segmentation import artifacts
from guided_segmentation.command_line import execution_flags
from guided_segmentation.datasets import layouts
from guided_segmentation.training import executions


@pytest.fixture(name="photograph")
def _photograph(tmp_path):
    path = tmp_path / "a.jpg"
    layouts.write_photograph(path, np.zeros((20, 30, 3), np.uint8))
    return path


def read_in_main(path):
    """Reads a file as a binary does whose main function is cached."""
    seen = []

    @execution_flags.caching
    def main(argv):
        """Says what it does."""
        seen.append(artifacts.read_image(argv[0]).shape)

    main([path])
    assert main.__doc__ == "Says what it does."
    return seen


def entries(folder):
    return list(pathlib.Path(folder).rglob("*.pixels"))


def test_main_keeps_decoded_files_in_the_folder_of_the_environment(
    photograph, tmp_path, monkeypatch
):
    monkeypatch.setenv("GUIDED_SEGMENTATION_CACHE", f"{tmp_path}/cache")
    assert read_in_main(photograph) == [(20, 30, 3)]
    assert len(entries(tmp_path / "cache" / "decoded")) == 1


def test_without_it_they_are_in_the_home_of_the_user(
    photograph, tmp_path, monkeypatch
):
    monkeypatch.delenv("GUIDED_SEGMENTATION_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    read_in_main(photograph)
    folder = tmp_path / ".cache" / "guided_segmentation" / "decoded"
    assert len(entries(folder)) == 1


def test_a_cache_of_no_gib_keeps_nothing(photograph, tmp_path, monkeypatch):
    monkeypatch.setenv("GUIDED_SEGMENTATION_CACHE", f"{tmp_path}/cache")
    with flagsaver.flagsaver(cache_gib=0.0):
        assert read_in_main(photograph) == [(20, 30, 3)]
    assert not (tmp_path / "cache").exists()


def test_without_flags_a_step_is_computed_directly():
    assert execution_flags.execution() == executions.DIRECT
