import dataclasses
import random
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from thin_recipes import (
    FROZEN,
    RESIDUAL,
    SEEDER,
    SEGMENTER,
    SETTINGS,
    SOURCE,
    fresh_network,
    photograph,
    truth,
    with_crf_loss,
)

from guided_segmentation import artifacts, crf, images, labels
from guided_segmentation.networks import builders, start_weights, vgg16, weights
from guided_segmentation.training import (
    executions,
    features,
    fine_tuning,
    frozen_features,
    inputs,
    loops,
    losses,
    optimizers,
)

ONE = tf.distribute.OneDeviceStrategy("CPU:0")


def trained(work_dir, chosen=SEGMENTER, strategy=ONE, **changes):
    is_dense = chosen.network["name"].startswith("deeplab")
    target = truth if is_dense else None
    fine_tuning.train(
        chosen,
        SOURCE,
        target or SOURCE.image_labels,
        work_dir=work_dir,
        settings=dataclasses.replace(SETTINGS, **changes),
        strategy=strategy,
    )
    return weights.load(work_dir)


def changed(before, after):
    """Names of the layers that are no longer as they were."""
    return {
        name.partition("/")[0]
        for name, array in before.items()
        if (array != after[name]).any()
    }


@pytest.fixture(scope="module", name="segmenter")
def _segmenter(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("segmenter")
    return work_dir, trained(work_dir)


def test_a_run_leaves_weights_settings_checkpoints_and_events(segmenter):
    names = {path.name for path in segmenter[0].iterdir()}
    assert names == {"weights.npz", "settings.json", "checkpoints", "events"}


def test_a_segmenter_learns_in_all_its_layers(segmenter):
    network = fresh_network(SEGMENTER)
    layers = {layer.name for layer in network.layers if layer.weights}
    assert changed(weights.to_dict(network), segmenter[1]) == layers


def test_a_seeder_learns_from_image_labels(tmp_path, monkeypatch):
    """Without a look at Python code by AutoGraph, which takes seconds."""
    temporary = tmp_path / "temporary"  # Where AutoGraph writes its code to.
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    network = fresh_network(SEEDER)
    layers = {layer.name for layer in network.layers if layer.weights}
    after = trained(tmp_path / "run", SEEDER)
    assert changed(weights.to_dict(network), after) == layers
    assert not list(temporary.glob("__autograph*"))


def test_a_finished_run_gives_back_its_network(segmenter):
    network, settings = weights.load_trained(segmenter[0])
    for name, array in weights.to_dict(network).items():
        np.testing.assert_array_equal(array, segmenter[1][name])
    assert settings["network"] == SEGMENTER.network
    assert settings["input_size"] == 33
    assert settings["objects"] == ["cat", "dog"]
    assert settings["source"] == "pets/train"
    assert settings["images"] == 5
    assert settings["trunk_weights_sha256"] == ""
    assert settings["versions"]["tensorflow"] == tf.__version__


def test_a_run_at_stride_16_predicts_every_8_pixels(tmp_path):
    """It is trained on every other cell and predicts all of them."""
    chosen = dataclasses.replace(
        FROZEN, network={**SEGMENTER.network, "stride": 16}
    )
    trained(tmp_path, chosen)
    network, settings = weights.load_trained(tmp_path)
    assert settings["network"]["stride"] == 16
    strided = builders.build(chosen.network)
    strided.set_weights(network.get_weights())
    image = images.subtract_mean(photograph("2007_0")[:, :33])[None]
    fine, coarse = network(image), strided(image)
    assert (fine.shape[1:], coarse.shape[1:]) == ((5, 5, 3), (3, 3, 3))
    np.testing.assert_allclose(coarse, fine[:, ::2, ::2], rtol=1e-4, atol=1e-4)


def test_a_finished_run_is_left_as_it_is(segmenter):
    path = segmenter[0] / weights.WEIGHTS_FILE
    before = path.stat().st_mtime_ns
    trained(segmenter[0])
    assert path.stat().st_mtime_ns == before


def test_a_finished_run_of_another_recipe_is_refused(segmenter):
    tight = dataclasses.replace(SEGMENTER, framing="tight")
    with pytest.raises(
        ValueError, match="begun with framing = 'crop', now it is 'tight'"
    ):
        trained(segmenter[0], tight)


def test_a_finished_run_of_other_batches_is_refused(segmenter):
    balanced = dataclasses.replace(SEGMENTER, sampling="class_balanced")
    with pytest.raises(
        ValueError,
        match="begun with sampling = 'shuffled', now it is 'class_balanced'",
    ):
        trained(segmenter[0], balanced)


@pytest.mark.parametrize(
    "changes",
    [{}, {"data_dependent_init": True}, {"sampling": "class_balanced"}],
    ids=["plain", "data_dependent_init", "class_balanced"],
)
def test_a_killed_run_ends_with_the_weights_of_an_unbroken_one(
    tmp_path, monkeypatch, changes
):
    """Killed in its third step, when a checkpoint of the second is there."""
    chosen = dataclasses.replace(SEEDER, **changes)
    whole = trained(tmp_path / "whole", chosen)

    def kill(_, step, *rest):
        if step == 3:
            raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(loops.Loop, "_summarize", kill)
        with pytest.raises(OSError, match="killed"):
            trained(tmp_path / "killed", chosen)
    assert not (tmp_path / "killed" / weights.WEIGHTS_FILE).exists()
    for name, array in trained(tmp_path / "killed", chosen).items():
        np.testing.assert_array_equal(array, whole[name])


def test_frozen_layers_do_not_change(tmp_path):
    cropped = dataclasses.replace(FROZEN, framing="crop")
    before = weights.to_dict(fresh_network(cropped))
    above = {*vgg16.CONVOLUTIONS[4:], "fc6", "fc7", "fc8"}
    assert changed(before, trained(tmp_path, cropped)) == above
    assert not (tmp_path / "features").exists()


def test_training_on_cached_features_is_training_on_whole_photographs(
    tmp_path, monkeypatch
):
    """The same crops, flips and dropout; only float16 differs."""
    cached = trained(tmp_path / "cached", FROZEN)
    assert list((tmp_path / "cached" / "features").glob("*/features.npy"))
    monkeypatch.setattr(frozen_features, "computed", lambda *_: None)
    direct = trained(tmp_path / "direct", FROZEN)
    assert cached.keys() == direct.keys()
    start = weights.to_dict(fresh_network(FROZEN))
    for name, array in direct.items():
        step = np.abs(array - start[name]).max()
        tolerance = 0.05 * step + 1e-6
        np.testing.assert_allclose(cached[name], array, atol=tolerance)
    assert changed(start, cached) == changed(start, direct) != set()


def test_runs_share_cached_features(tmp_path, monkeypatch):
    run = {
        "settings": dataclasses.replace(SETTINGS, num_steps=1),
        "strategy": ONE,
        "features_dir": tmp_path / "features",
    }
    fine_tuning.train(FROZEN, SOURCE, truth, work_dir=tmp_path / "a", **run)
    monkeypatch.setattr(features, "_fill", pytest.fail)
    fine_tuning.train(FROZEN, SOURCE, truth, work_dir=tmp_path / "b", **run)
    assert not (tmp_path / "a" / "features").exists()


def test_seeder_and_segmenter_share_features_of_the_same_layers(
    tmp_path, monkeypatch, segmenter
):
    """If the pools are the same; the heads may differ."""
    run = {
        "settings": SETTINGS,
        "strategy": ONE,
        "features_dir": tmp_path / "features",
    }
    below = {
        "trunk_weights": str(segmenter[0]),
        "freeze_through": "conv4_3",
        "framing": "whole",
    }
    coarse = {**SEGMENTER.network, "stride": 16, "pooling": "2x2"}
    chosen = dataclasses.replace(SEGMENTER, network=coarse, **below)
    fine_tuning.train(chosen, SOURCE, truth, work_dir=tmp_path / "a", **run)
    monkeypatch.setattr(features, "_fill", pytest.fail)
    low_res = {**SEEDER.network, "name": "gap_lowres", "head_channels": 4}
    seeder = dataclasses.replace(SEEDER, network=low_res, **below)
    target = SOURCE.image_labels
    fine_tuning.train(seeder, SOURCE, target, work_dir=tmp_path / "b", **run)
    assert len(list((tmp_path / "features").iterdir())) == 1


def test_features_of_other_pools_are_cached_apart(tmp_path, monkeypatch):
    filled = []
    fill = features._fill
    monkeypatch.setattr(
        features, "_fill", lambda *args: (filled.append(1), fill(*args))
    )
    for pooling in ("3x3", "2x2"):
        chosen = dataclasses.replace(
            FROZEN, network={**SEGMENTER.network, "pooling": pooling}
        )
        fine_tuning.train(
            chosen,
            SOURCE,
            truth,
            work_dir=tmp_path / pooling,
            settings=SETTINGS,
            strategy=ONE,
            features_dir=tmp_path / "features",
        )
    assert len(filled) == 2


def test_a_trunk_is_taken_from_an_earlier_run(tmp_path, segmenter):
    """The heads differ; the seeder starts from the segmenter's trunk."""
    chosen = dataclasses.replace(
        SEEDER,
        trunk_weights=str(segmenter[0]),
        network={**SEEDER.network, "width_multiplier": 1 / 32},
    )
    still = optimizers.OptimizerSettings(learning_rate=0.0)
    after = trained(tmp_path, chosen, num_steps=1, optimizer=still)
    for name in start_weights.trunk_of(after):
        np.testing.assert_array_equal(after[name], segmenter[1][name])
    recorded = artifacts.read_json(tmp_path / "settings.json")
    assert recorded["trunk_weights_sha256"] == weights.sha256(segmenter[0])


def test_low_rank_layers_start_where_they_reproduce_the_trunk(
    tmp_path, segmenter
):
    chosen = dataclasses.replace(
        FROZEN,
        trunk_weights=str(segmenter[0]),
        network={**SEGMENTER.network, "rank": 2},
        data_dependent_init=True,
    )
    still = optimizers.OptimizerSettings(learning_rate=0.0)
    after = trained(tmp_path, chosen, num_steps=1, optimizer=still)
    inner = np.matmul(
        after["conv4_1_mix/kernel"][0, 0], after["conv4_1_mix/kernel"][0, 0].T
    )
    np.testing.assert_allclose(inner, np.eye(2), atol=1e-5)
    whole = start_weights.trunk_of(after).keys() & segmenter[1].keys()
    assert "conv1_1/kernel" in whole and "conv4_1/kernel" not in whole
    for name in whole:
        np.testing.assert_array_equal(after[name], segmenter[1][name])
    network, _ = weights.load_trained(tmp_path)
    assert network.get_layer("conv5_3_basis").filters == 2


def test_a_distilled_run_learns_from_levels_and_says_so(tmp_path):
    chosen = dataclasses.replace(
        SEGMENTER,
        network={**SEGMENTER.network, "num_classes": 2, "rank": 2},
        is_distilled=True,
    )
    fine_tuning.train(
        chosen,
        SOURCE,
        lambda image_id: 100 * (truth(image_id) == 1).astype(np.uint8),
        work_dir=tmp_path / "first",
        settings=SETTINGS,
        strategy=ONE,
    )
    recorded = artifacts.read_json(tmp_path / "first" / "settings.json")
    assert recorded["is_distilled"] is True
    first = weights.load(tmp_path / "first")
    later = dataclasses.replace(chosen, trunk_weights=str(tmp_path / "first"))
    still = optimizers.OptimizerSettings(learning_rate=0.0)
    fine_tuning.train(
        later,
        SOURCE,
        truth,
        work_dir=tmp_path / "second",
        settings=dataclasses.replace(SETTINGS, num_steps=1, optimizer=still),
        strategy=ONE,
    )
    second = weights.load(tmp_path / "second")
    assert changed(first, second) == set()  # It learns on, head and all.


def test_a_trunk_of_another_width_is_refused(tmp_path, segmenter):
    wide = dataclasses.replace(
        SEEDER,
        trunk_weights=str(segmenter[0]),
        network={**SEEDER.network, "width_multiplier": 1 / 16},
    )
    with pytest.raises(
        ValueError, match=r"conv1_1/kernel has shape \(3, 3, 3, 2\)"
    ):
        trained(tmp_path, wide)
    assert not (tmp_path / weights.WEIGHTS_FILE).exists()


def test_the_top_of_vgg16_becomes_the_head_of_the_segmenter(
    tmp_path, monkeypatch
):
    keras.utils.set_random_seed(1)
    noise = np.random.default_rng(0)
    top = {
        "fc6/kernel": noise.normal(size=(7, 7, 512, 8)).astype("f4"),
        "fc6/bias": noise.normal(size=8).astype("f4"),
        "fc7/kernel": noise.normal(size=(1, 1, 8, 8)).astype("f4"),
        "fc7/bias": noise.normal(size=8).astype("f4"),
    }
    monkeypatch.setattr(start_weights, "pretrained", lambda *_: top)
    chosen = dataclasses.replace(
        SEGMENTER,
        trunk_weights="vgg16.h5",
        network={
            **SEGMENTER.network,
            "width_multiplier": 1.0,
            "head_channels": 2,
        },
        freeze_through="conv5_3",
    )
    still = optimizers.OptimizerSettings(learning_rate=0.0)
    after = trained(tmp_path, chosen, num_steps=1, optimizer=still)
    np.testing.assert_array_equal(
        after["fc6/kernel"], top["fc6/kernel"][::3, ::3, :, ::4]
    )
    np.testing.assert_array_equal(after["fc7/bias"], top["fc7/bias"][::4])


def test_pictures_show_targets_beside_predictions(segmenter):
    found = {}
    for path in (segmenter[0] / "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[value.tag] = tf.make_ndarray(value.tensor)
    width, height, png = found["guide and prediction"][:3]
    assert (int(width), int(height)) == (2 * 5 * 8, 5 * 8)
    picture = tf.image.decode_png(png).numpy()
    known = {tuple(c) for c in labels.palette()[[0, 1, 2, labels.IGNORE]]}
    assert {tuple(c) for c in picture.reshape(-1, 3)} <= known


def test_an_error_of_a_target_names_the_image(tmp_path):
    def fail(image_id):
        raise ValueError(f"no seeds for image {image_id!r}")

    with pytest.raises(tf.errors.OpError, match="no seeds for image '2007_"):
        fine_tuning.train(
            SEGMENTER,
            SOURCE,
            fail,
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
        )


def test_a_segmenter_whose_guides_are_ignored_ends(tmp_path):
    with pytest.raises(
        ValueError, match=r"no pixel of the label maps of 2 steps is labelled"
    ):
        fine_tuning.train(
            SEGMENTER,
            SOURCE,
            lambda image_id: np.full_like(truth(image_id), labels.IGNORE),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
        )
    assert not (tmp_path / weights.WEIGHTS_FILE).exists()


def test_cached_features_leave_policy_and_random_numbers_as_they_were(
    tmp_path,
):
    keras.utils.set_random_seed(3)
    expected = random.random()
    keras.utils.set_random_seed(3)
    low = dataclasses.replace(SETTINGS, precision="mixed_bfloat16")
    frozen_features.computed(FROZEN, SOURCE, tmp_path, low)
    assert keras.mixed_precision.global_policy().name == "float32"
    assert random.random() == expected


def test_a_crf_loss_trains_other_weights_and_is_recorded(tmp_path, segmenter):
    after = trained(tmp_path, with_crf_loss(SEGMENTER))
    assert changed(segmenter[1], after) >= {"fc6", "fc7", "fc8"}
    recorded = artifacts.read_json(tmp_path / "settings.json")["crf_loss"]
    assert recorded["weight"] == 0.5
    assert recorded["settings"] == dataclasses.asdict(crf.SEC)


@pytest.mark.parametrize(
    ("framing", "cell_px"), [("crop", 8), ("whole", 12), ("tight", 12)]
)
def test_the_weighted_crf_loss_adds_to_that_of_the_pixels(framing, cell_px):
    """A cell of 8 pixels spans 12 pixels of a photograph that is shrunk."""
    chosen = dataclasses.replace(with_crf_loss(SEGMENTER), framing=framing)
    batch = next(iter(inputs.batches(chosen, SOURCE, truth, SETTINGS, None, 0)))
    shape = (*batch["target"].shape, 3)
    logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    loss, targets = fine_tuning.objective(chosen)
    assert targets == ("target", "image")
    np.testing.assert_allclose(
        loss(batch["target"], batch["image"], logits),
        losses.pixel_loss(batch["target"], logits)
        + 0.5
        * losses.crf_loss(batch["image"], logits, crf.SEC.shrunk(cell_px)),
        rtol=1e-6,
    )


@pytest.fixture(scope="module", name="residual")
def _residual(tmp_path_factory):
    """The first step of a residual network."""
    work_dir = tmp_path_factory.mktemp("residual")
    return work_dir, trained(work_dir, RESIDUAL, num_steps=1)


def test_a_residual_network_learns_all_but_its_normalisations(
    tmp_path, residual
):
    after = trained(tmp_path, RESIDUAL)
    network, settings = weights.load_trained(tmp_path)
    assert changed(residual[1], after) == {
        layer.name for layer in network.layers if layer.trainable_weights
    }
    assert settings["network"] == RESIDUAL.network
    means = [a for n, a in after.items() if n.endswith("_bn/moving_mean")]
    assert len(means) == 1 + 4 * 4
    assert all(np.abs(mean).max() > 0 for mean in means)  # Of the first batch.


def test_two_replicas_of_a_residual_network_train_as_one(tmp_path, two_cpus):
    one = trained(tmp_path / "one", RESIDUAL)
    two = trained(tmp_path / "two", RESIDUAL, strategy=two_cpus)
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, rtol=1e-3, atol=1e-5)


def test_features_of_frozen_blocks_are_cached(tmp_path, residual):
    """The layers above are trained."""
    chosen = dataclasses.replace(
        RESIDUAL,
        framing="whole",
        data_dependent_init=False,
        trunk_weights=str(residual[0]),
        freeze_through="conv3_block1_out",
    )
    after = trained(tmp_path, chosen)
    learned = {name[:5] for name in changed(residual[1], after)}
    assert learned == {"conv4", "conv5", "fc1_r"}
    (path,) = tmp_path.glob("features/*/features.npy")
    assert np.load(path).shape == (5, 2, 5, 5, 16)


def test_features_of_other_photographs_of_the_same_names_are_not_taken(
    tmp_path,
):
    """Runs on other photographs may share the folder of features."""
    cache = tmp_path / "features"
    for digest in ("this", "that", "that"):
        source = dataclasses.replace(SOURCE, digest=digest)
        fine_tuning.train(
            FROZEN,
            source,
            truth,
            work_dir=tmp_path / "work" / digest,
            settings=SETTINGS,
            strategy=ONE,
            features_dir=cache,
        )
    assert len(list(cache.glob("*/features.npy"))) == 2


def test_a_run_on_other_photographs_of_the_same_names_is_refused(segmenter):
    source = dataclasses.replace(SOURCE, digest="other")
    with pytest.raises(ValueError, match="begun with source_digest = ''"):
        fine_tuning.train(
            SEGMENTER,
            source,
            truth,
            work_dir=segmenter[0],
            settings=SETTINGS,
            strategy=ONE,
        )


def test_a_mistake_before_the_first_step_can_be_corrected(tmp_path):
    wrong = dataclasses.replace(FROZEN, freeze_through="conv9")
    with pytest.raises(ValueError, match="conv9"):
        trained(tmp_path, wrong)
    trained(tmp_path, FROZEN)
    assert artifacts.read_json(tmp_path / "settings.json")[
        "freeze_through"
    ] == ("conv2_2")


def test_cached_features_are_not_computed_again(tmp_path):
    with pytest.raises(
        ValueError,
        match="--recompute computes the network again from the photograph, but "
        "the features of layers up to conv2_2 are cached",
    ):
        fine_tuning.train(
            FROZEN,
            SOURCE,
            truth,
            work_dir=tmp_path,
            settings=SETTINGS,
            execution=executions.Execution(recompute=True),
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "chosen", [SEGMENTER, SEEDER, RESIDUAL, with_crf_loss(SEGMENTER)]
)
def test_counts_of_a_batch_are_what_the_loss_divides_by(chosen):
    target = truth if chosen.is_dense else SOURCE.image_labels
    made = inputs.batches(chosen, SOURCE, target, SETTINGS, None, 0)
    batch = next(iter(made))
    loss, keys = fine_tuning.objective(chosen)
    targets = [batch[key] for key in keys]
    kind = chosen.network.get("num_classes", 2)
    shape = [*batch["target"].shape[:3], kind] if chosen.is_dense else [2, kind]
    logits = tf.random.stateless_normal(shape, [0, 0])
    told = loss(*targets, logits, *fine_tuning.counts(chosen)(*targets))
    np.testing.assert_array_equal(told, loss(*targets, logits))
