"""Features of frozen layers, and predictions from them."""

import dataclasses

import numpy as np
import pytest
from thin_recipes import (
    FROZEN,
    IDS,
    SETTINGS,
    SOURCE,
    fresh_network,
    photograph,
    truth,
)

from guided_segmentation import artifacts, images
from guided_segmentation.errors import InputError
from guided_segmentation.networks import builders, dense_predictor, weights
from guided_segmentation.training import fine_tuning, frozen_features

STRIDED = dataclasses.replace(
    FROZEN,
    network={**FROZEN.network, "stride": 16, "pooling": "2x2"},
    freeze_through="conv4_3",
)


def test_cached_features_are_the_networks_own(tmp_path):
    (stored,) = frozen_features.computed(FROZEN, SOURCE, tmp_path, SETTINGS)
    lower, _ = builders.split(fresh_network(FROZEN), "conv2_2")
    for index, image_id in enumerate(SOURCE.image_ids):
        framed = images.frame(photograph(image_id), 33, "whole").pixels
        for mirror, pixels in enumerate((framed, framed[:, ::-1])):
            own = lower(images.subtract_mean(pixels)[None])[0]
            np.testing.assert_allclose(
                stored[index, mirror], own, rtol=2e-3, atol=1e-2
            )


def test_cached_features_of_a_scale_are_those_of_the_resized_photograph(
    tmp_path,
):
    chosen = dataclasses.replace(FROZEN, scales=(2.0, 0.5))
    stored = frozen_features.computed(chosen, SOURCE, tmp_path, SETTINGS)
    lower, _ = builders.split(fresh_network(FROZEN), "conv2_2")
    shapes = [array.shape for array in stored]
    assert shapes == [(5, 2, 17, 17, 4), (5, 2, 9, 9, 4)]
    keys = [artifacts.read_json(path) for path in tmp_path.glob("*/key.json")]
    assert {key["size"] for key in keys} == {65, 17}
    for size, array in zip((65, 17), stored, strict=True):
        framed = images.frame(photograph(IDS[3]), size, "whole").pixels
        padded = images.reflect_pad(framed, 33, 33)
        own = lower(images.subtract_mean(padded)[None])[0]
        np.testing.assert_allclose(array[3, 0], own, rtol=2e-3, atol=1e-2)


@pytest.mark.parametrize(
    "changes", [{"freeze_through": None}, {"framing": "crop"}]
)
def test_only_frozen_layers_of_whole_photographs_have_cached_features(
    tmp_path, changes
):
    chosen = dataclasses.replace(FROZEN, **changes)
    assert frozen_features.computed(chosen, SOURCE, tmp_path, SETTINGS) is None
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a training at stride 16, and that of its features."""
    folder = tmp_path_factory.mktemp("run")
    fine_tuning.train(
        STRIDED,
        SOURCE,
        truth,
        work_dir=folder / "run",
        settings=SETTINGS,
        features_dir=folder / "features",
    )
    return folder / "run", folder / "features"


def test_a_trained_network_finds_the_features_of_its_training(run):
    network, settings = weights.load_trained(run[0], dense=False)
    found = frozen_features.found(network, settings, SOURCE, run[1])
    (wanted,) = frozen_features.computed(STRIDED, SOURCE, run[1], SETTINGS)
    assert tuple(found) == tuple(IDS)
    np.testing.assert_array_equal(list(found.values()), wanted)
    assert len(list(run[1].iterdir())) == 1  # Nothing was computed again.


def test_changed_photographs_and_other_networks_find_no_features(run):
    network, settings = weights.load_trained(run[0], dense=False)
    other = dataclasses.replace(SOURCE, digest="changed")
    assert not frozen_features.found(network, settings, other, run[1])
    assert not frozen_features.found(network, settings, SOURCE, run[0])
    dense, _ = weights.load_trained(run[0])
    assert not frozen_features.found(dense, settings, SOURCE, run[1])


@pytest.mark.parametrize(
    "changes", [{"freeze_through": None}, {"framing": "crop"}]
)
def test_a_training_without_cached_features_is_named(run, changes):
    network, settings = weights.load_trained(run[0], dense=False)
    with pytest.raises(
        InputError,
        match=r"^--features_dir: wanted a network that was trained with "
        r"--freeze_through and --framing=whole, .* found --freeze_through=.*; "
        r"leave out --features_dir$",
    ):
        frozen_features.found(network, {**settings, **changes}, SOURCE, run[1])


def test_probabilities_from_features_are_those_from_the_photograph(run):
    """Within the rounding to float16; also of the mirror image."""
    network, settings = weights.load_trained(run[0], dense=False)
    found = frozen_features.found(network, settings, SOURCE, run[1])
    for flip in (False, True):
        predictor = dense_predictor.as_trained(
            network, settings, flip=flip, frozen_through="conv4_3"
        )
        for image_id in IDS:
            image = photograph(image_id)
            whole = predictor(image)
            frames = predictor.frame(image, found[image_id])
            outputs = predictor.run(tuple(x[None] for x in frames.inputs))
            upper = predictor.finish([x[0] for x in outputs], frames.places)
            np.testing.assert_allclose(upper, whole, atol=5e-3)
            assert np.ptp(whole) > 0.05
