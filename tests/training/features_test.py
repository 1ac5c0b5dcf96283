import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.training import features

PAIRS = np.random.default_rng(0).normal(size=(5, 2, 6, 4, 3)).astype("f4")


class Lower:
    """Stands in for frozen layers and counts its calls."""

    def __init__(self, fail_at=None):
        self.calls, self.fail_at = 0, fail_at

    def __call__(self, pair):
        if self.calls == self.fail_at:
            raise OSError("disk full")
        self.calls += 1
        return tf.reduce_sum(pair, -1, keepdims=True)[:, ::2] * 3


def cached(folder, lower, **key):
    return features.cached(
        lower,
        lambda: map(tf.constant, PAIRS),
        count=len(PAIRS),
        folder=folder,
        key=key,
    )


def test_features_are_the_outputs_of_the_lower_layers(tmp_path):
    stored = cached(tmp_path, Lower(), through="conv3_3")
    assert (stored.shape, stored.dtype) == ((5, 2, 3, 4, 1), np.float16)
    expected = 3 * PAIRS.sum(-1, keepdims=True)[:, :, ::2]
    np.testing.assert_array_equal(stored, expected.astype(np.float16))


def test_features_stay_on_the_disk(tmp_path):
    stored = cached(tmp_path, Lower())
    assert isinstance(stored, np.memmap)
    assert not stored.flags.writeable


def test_features_are_computed_once_for_each_key(tmp_path):
    lower = Lower()
    first = cached(tmp_path, lower, through="conv3_3", size=33)
    again = cached(tmp_path, lower, size=33, through="conv3_3")
    assert lower.calls == 5
    np.testing.assert_array_equal(first, again)
    cached(tmp_path, lower, through="conv2_2", size=33)
    assert lower.calls == 10
    keys = sorted(tmp_path.glob("*/key.json"))
    through = {artifacts.read_json(path)["through"] for path in keys}
    assert through == {"conv2_2", "conv3_3"}


def test_features_half_computed_are_computed_again(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        cached(tmp_path, Lower(fail_at=3))
    assert not list(tmp_path.glob("*/*.npy"))
    assert not list(tmp_path.glob("*/.*"))
    lower = Lower()
    cached(tmp_path, lower)
    assert lower.calls == 5


def test_stored_features_are_found_by_photograph(tmp_path):
    names = [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"], ["a", "5"]]
    wanted = cached(tmp_path, Lower(), size=33, photographs=names)
    cached(tmp_path, Lower(), size=65, photographs=names)
    found = features.stored(tmp_path, {"size": 33})
    assert list(found) == list(map(tuple, names))
    np.testing.assert_array_equal(found["c", "3"], wanted[2])
    assert isinstance(found["c", "3"], np.memmap)
    assert not features.stored(tmp_path, {"size": 33, "through": "conv3_3"})
    assert not features.stored(tmp_path / "none", {"size": 33})
