"""Where the binaries are."""

import programs
import pytest

from guided_segmentation.errors import InputError
from guided_segmentation.own_photographs import binaries


def test_a_checkout_has_its_binaries_beside_the_package():
    assert binaries.folder() == programs.ROOT / "bin"


def test_without_binaries_the_places_searched_are_named(monkeypatch):
    monkeypatch.setattr(binaries, "_ONE", "no_such_binary")
    with pytest.raises(
        InputError,
        match=r"^wanted no_such_binary and the other binaries in one of .*bin"
        r".*, found none; install the package by pip install$",
    ):
        binaries.folder()
