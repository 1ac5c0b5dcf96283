import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import artifacts, crf, images, labels
from guided_segmentation.datasets import schema
from guided_segmentation.networks import builders, start_weights, vgg16, weights
from guided_segmentation.training import (
    features,
    fine_tuning,
    inputs,
    losses,
    optimizers,
    recipe,
    trainer,
)

PETS = labels.LabelSet(("cat", "dog"))
ONE = tf.distribute.OneDeviceStrategy("CPU:0")
SETTINGS = trainer.TrainSettings(
    num_steps=4,
    batch_size=2,
    checkpoint_steps=2,
    optimizer=optimizers.OptimizerSettings(learning_rate=1e-3),
)
SEGMENTER = recipe.Recipe(
    network={
        "name": "deeplab_v1",
        "num_classes": 3,
        "width_multiplier": 1 / 32,
        "head_channels": 8,
    },
    trunk_weights="none",
    input_size=33,
    framing="crop",
)
SEEDER = recipe.Recipe(
    network={
        "name": "gap_highres",
        "num_objects": 2,
        "width_multiplier": 1 / 32,
        "head_channels": 8,
    },
    trunk_weights="none",
    input_size=33,
    framing="tight",
)
RESIDUAL = dataclasses.replace(
    SEGMENTER,
    network={
        "name": "deeplab_v2",
        "num_classes": 3,
        "width_multiplier": 1 / 32,
        "blocks": [1, 1, 1, 1],
    },
    data_dependent_init=True,
)
FROZEN = dataclasses.replace(
    SEGMENTER, freeze_through="conv2_2", framing="whole"
)
CONSTRAINED = recipe.CrfLossSettings(settings=crf.SEC, weight=0.5)


def truth(image_id):
    index = int(image_id[-1])
    label_map = np.zeros((30 + index, 40), np.uint8)
    label_map[5 : 20 + index, 3 * index : 20] = 1 + index % 2
    label_map[:3] = labels.IGNORE
    return label_map


def photograph(image_id):
    random = np.random.default_rng(int(image_id[-1]))
    image = 60 * truth(image_id).clip(0, 3)[..., None] + np.zeros(3, "u1")
    return (image + random.integers(0, 60, image.shape)).astype(np.uint8)


IDS = tuple(f"2007_{index}" for index in range(5))
SOURCE = schema.Source(
    name="pets/train",
    image_ids=IDS,
    image=photograph,
    image_labels=lambda image_id: labels.present(truth(image_id), 2),
    label_map=truth,
    label_set=PETS,
)


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


def fresh(chosen):
    """The weights that training starts from."""
    keras.utils.set_random_seed(SETTINGS.seed)
    network = builders.build(chosen.network)
    first = network.get_layer("conv1_1")
    kernel, bias = first.get_weights()
    first.set_weights([kernel / 64, bias])
    return network


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
    network = fresh(SEGMENTER)
    layers = {layer.name for layer in network.layers if layer.weights}
    assert changed(weights.to_dict(network), segmenter[1]) == layers


def test_a_seeder_learns_from_image_labels(tmp_path):
    network = fresh(SEEDER)
    layers = {layer.name for layer in network.layers if layer.weights}
    after = trained(tmp_path, SEEDER)
    assert changed(weights.to_dict(network), after) == layers


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
    """It learns from every other cell of the labels, and says all of them."""
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


@pytest.mark.parametrize(("pooling", "first"), [("3x3", 0), ("2x2", 8)])
@pytest.mark.parametrize("stride", [8, 16])
def test_targets_are_the_labels_under_the_cells(stride, pooling, first):
    """Cells beyond the border are ignored."""
    chosen = dataclasses.replace(
        SEGMENTER,
        framing="whole",
        network={**SEGMENTER.network, "stride": stride, "pooling": pooling},
    )
    source = dataclasses.replace(SOURCE, image_ids=SOURCE.image_ids[:1])
    settings = dataclasses.replace(SETTINGS, batch_size=1)
    batches = inputs.batches(chosen, source, truth, settings, None, 0)
    whole = images.whole_label_map(truth("2007_0"), 33).numpy()
    views = [
        np.pad(view, (0, first), constant_values=labels.IGNORE)[
            first::stride, first::stride
        ]
        for view in (whole, whole[:, ::-1])
    ]
    for batch in batches.take(4):
        target = batch["target"][0].numpy()
        assert target.shape == 2 * (32 // stride + 1,)
        assert any((target == view).all() for view in views)


@pytest.mark.parametrize("scales", [(1.0,), (1.0, 2.0), (2.0, 0.5)])
@pytest.mark.parametrize(("stride", "side"), [(16, 33), (8, 41)])
def test_cut_features_and_targets_show_the_same_cells(scales, stride, side):
    """Features that hold the label under their cell come back as the target."""
    chosen = dataclasses.replace(
        FROZEN,
        input_size=side,
        scales=scales,
        network={**SEGMENTER.network, "stride": stride, "pooling": "2x2"},
    )
    stored = []
    for scale in scales:
        size = round((side - 1) * scale / stride) * stride + 1
        maps = [images.whole_label_map(truth(i), size) for i in IDS]
        maps = [images.reflect_pad(x[..., None], side, side) for x in maps]
        pairs = [np.stack([each, each[:, ::-1]]) for each in maps]
        under = np.pad(
            pairs,
            ((0, 0), (0, 0), (0, 8), (0, 8), (0, 0)),
            constant_values=labels.IGNORE,
        )[:, :, 8::stride, 8::stride]
        stored.append(under.astype(np.float16))
    settings = dataclasses.replace(SETTINGS, num_steps=40)
    cells, seen = side // stride + 1, set()
    for batch in inputs.batches(chosen, SOURCE, truth, settings, stored, 0):
        found, targets = batch["input"][..., 0].numpy(), batch["target"]
        assert found.shape == (2, cells, cells)
        inside = targets.numpy() != labels.IGNORE
        np.testing.assert_array_equal(found[inside], targets[inside])
        seen |= {each.numpy().tobytes() for each in targets}
    assert len(seen) >= 5 * len(scales)


def test_cached_features_of_a_scale_are_those_of_the_resized_photograph(
    tmp_path,
):
    chosen = dataclasses.replace(FROZEN, scales=(2.0, 0.5))
    trained(tmp_path, chosen, num_steps=1)
    lower, _ = builders.split(fresh(FROZEN), "conv2_2")
    sizes = {}
    for folder in (tmp_path / "features").iterdir():
        size = artifacts.read_json(folder / "key.json")["size"]
        sizes[size] = np.load(folder / "features.npy")
    assert {size: array.shape for size, array in sizes.items()} == {
        65: (5, 2, 17, 17, 4),
        17: (5, 2, 9, 9, 4),
    }
    for size, array in sizes.items():
        framed = images.frame(photograph(IDS[3]), size, "whole").pixels
        padded = images.reflect_pad(framed, 33, 33)
        own = lower(images.subtract_mean(padded)[None])[0]
        np.testing.assert_allclose(array[3, 0], own, rtol=2e-3, atol=1e-2)


@pytest.mark.parametrize("scales", [(), (1.0, 0.0)])
def test_scales_that_show_nothing_are_refused(scales):
    with pytest.raises(ValueError, match="wanted positive train_scales"):
        dataclasses.replace(SEGMENTER, scales=scales)


def test_a_seeder_that_would_see_less_than_its_labels_say_is_refused():
    with pytest.raises(ValueError, match=r"wanted train_scales of 1 for gap_"):
        dataclasses.replace(SEEDER, scales=(1.0, 2.0))


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


def test_class_balanced_batches_follow_the_image_labels_of_the_data():
    """Of five photographs one has a dog; every two examples show it."""
    source = dataclasses.replace(
        SOURCE,
        image_labels=lambda image_id: np.eye(2)[int(image_id == IDS[3])] > 0,
    )
    chosen = dataclasses.replace(SEEDER, sampling="class_balanced")
    batches = inputs.batches(
        chosen, source, source.image_labels, SETTINGS, None, 0
    )
    dogs = [batch["target"].numpy()[:, 1].sum() for batch in batches]
    assert dogs == [1] * SETTINGS.num_steps


@pytest.mark.parametrize(
    "changes",
    [{}, {"data_dependent_init": True}, {"sampling": "class_balanced"}],
    ids=["plain", "data_dependent_init", "class_balanced"],
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    tmp_path, monkeypatch, changes
):
    """Killed in its third step, when a checkpoint of the second is there."""
    chosen = dataclasses.replace(SEEDER, **changes)
    whole = trained(tmp_path / "whole", chosen)

    def kill(_, step, *rest):
        if step == 3:
            raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(trainer._Loop, "_summarize", kill)
        with pytest.raises(OSError, match="killed"):
            trained(tmp_path / "killed", chosen)
    assert not (tmp_path / "killed" / weights.WEIGHTS_FILE).exists()
    for name, array in trained(tmp_path / "killed", chosen).items():
        np.testing.assert_array_equal(array, whole[name])


def test_frozen_layers_stay_as_they_are(tmp_path):
    cropped = dataclasses.replace(FROZEN, framing="crop")
    before = weights.to_dict(fresh(cropped))
    above = {*vgg16.CONVOLUTIONS[4:], "fc6", "fc7", "fc8"}
    assert changed(before, trained(tmp_path, cropped)) == above
    assert not (tmp_path / "features").exists()


def test_training_on_cached_features_is_training_on_whole_photographs(
    tmp_path, monkeypatch
):
    """The same squares, flips and dropout; only float16 is in between."""
    cached = trained(tmp_path / "cached", FROZEN)
    assert list((tmp_path / "cached" / "features").glob("*/features.npy"))
    monkeypatch.setattr(inputs, "frozen_features", lambda *_: None)
    direct = trained(tmp_path / "direct", FROZEN)
    assert cached.keys() == direct.keys()
    start = weights.to_dict(fresh(FROZEN))
    for name, array in direct.items():
        step = np.abs(array - start[name]).max()
        tolerance = 0.05 * step + 1e-6
        np.testing.assert_allclose(cached[name], array, atol=tolerance)
    assert changed(start, cached) == changed(start, direct) != set()


def test_cached_features_are_the_networks_own(tmp_path):
    trained(tmp_path, FROZEN, num_steps=1)
    (path,) = tmp_path.glob("features/*/features.npy")
    stored = np.load(path)
    lower, _ = builders.split(fresh(FROZEN), "conv2_2")
    for index, image_id in enumerate(SOURCE.image_ids):
        framed = images.frame(photograph(image_id), 33, "whole").pixels
        for mirror, pixels in enumerate((framed, framed[:, ::-1])):
            own = lower(images.subtract_mean(pixels)[None])[0]
            np.testing.assert_allclose(
                stored[index, mirror], own, rtol=2e-3, atol=1e-2
            )


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
    """With the same pools, and whatever the heads above."""
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


def test_features_of_other_pools_are_others(tmp_path, monkeypatch):
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
    random = np.random.default_rng(0)
    top = {
        "fc6/kernel": random.normal(size=(7, 7, 512, 8)).astype("f4"),
        "fc6/bias": random.normal(size=8).astype("f4"),
        "fc7/kernel": random.normal(size=(1, 1, 8, 8)).astype("f4"),
        "fc7/bias": random.normal(size=8).astype("f4"),
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


@pytest.mark.parametrize("input_size", [32, 40, 320])
def test_the_input_is_eight_times_its_cells_and_one(input_size):
    with pytest.raises(
        ValueError,
        match=f"input_size must be 8 n \\+ 1, such as 321, .* got {input_size}",
    ):
        dataclasses.replace(SEGMENTER, input_size=input_size)


def test_the_input_is_sixteen_times_its_cells_and_one_at_stride_16():
    coarse = {**SEGMENTER.network, "stride": 16}
    with pytest.raises(
        ValueError, match=r"input_size must be 16 n \+ 1, .* got 41"
    ):
        dataclasses.replace(SEGMENTER, network=coarse, input_size=41)


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


# crf-loss.


def with_crf_loss(chosen):
    return dataclasses.replace(chosen, crf_loss=CONSTRAINED)


@pytest.mark.parametrize("pooling", ["3x3", "2x2"])
@pytest.mark.parametrize("stride", [8, 16])
def test_the_crf_sees_the_colour_under_each_cell(stride, pooling):
    """Photographs of the flat colours of their labels, at native scale."""
    painted = dataclasses.replace(
        SOURCE, image=lambda i: np.stack(3 * [truth(i)], axis=-1)
    )
    network = {**SEGMENTER.network, "stride": stride, "pooling": pooling}
    chosen = dataclasses.replace(SEGMENTER, network=network)
    settings = dataclasses.replace(SETTINGS, num_steps=20)
    made = inputs.batches(
        with_crf_loss(chosen), painted, truth, settings, None, 0
    )
    alike, seen = [], set()
    for batch in made:
        image, target = batch["image"].numpy(), batch["target"].numpy()
        assert image.dtype == np.uint8
        assert image.shape == (*target.shape, 3)
        alike.append((image == target[..., None])[:, :-1, :-1])
        seen |= set(target.flat)
    assert seen == {0, 1, 2, labels.IGNORE}
    # Between four pixels, 2x2 pools may see two labels at once.
    assert np.mean(alike) == 1 if pooling == "3x3" else np.mean(alike) > 0.85


def test_the_crf_sees_the_same_beside_cached_features():
    stored = [np.zeros((5, 2, 17, 17, 4), np.float16)]
    chosen = with_crf_loss(FROZEN)
    settings = dataclasses.replace(SETTINGS, num_steps=10)
    cached, direct = (
        inputs.batches(chosen, SOURCE, truth, settings, each, 0)
        for each in (stored, None)
    )
    seen = set()
    for one, other in zip(cached, direct, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_array_equal(one["target"], other["target"])
        seen |= {each.numpy().tobytes() for each in one["image"]}
    assert len(seen) > 5  # Mirror images too.


def test_without_a_crf_loss_batches_are_as_they_were():
    plain, more = (
        next(iter(inputs.batches(chosen, SOURCE, truth, SETTINGS, None, 0)))
        for chosen in (SEGMENTER, with_crf_loss(SEGMENTER))
    )
    assert plain.keys() == {"input", "target", "seed"}
    for key, value in plain.items():
        np.testing.assert_array_equal(value, more[key])


def test_a_crf_loss_trains_other_weights_and_is_recorded(tmp_path, segmenter):
    after = trained(tmp_path, with_crf_loss(SEGMENTER))
    assert changed(segmenter[1], after) >= {"fc6", "fc7", "fc8"}
    recorded = artifacts.read_json(tmp_path / "settings.json")["crf_loss"]
    assert recorded["weight"] == 0.5
    assert recorded["settings"] == dataclasses.asdict(crf.SEC)


def test_the_weighted_crf_loss_adds_to_that_of_the_pixels():
    """Its reaches are 12 pixels of a photograph to a cell of 8."""
    batch = next(
        iter(
            inputs.batches(
                with_crf_loss(SEGMENTER), SOURCE, truth, SETTINGS, None, 0
            )
        )
    )
    shape = (*batch["target"].shape, 3)
    logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    loss, targets = fine_tuning.objective(with_crf_loss(SEGMENTER))
    assert targets == ("target", "image")
    np.testing.assert_allclose(
        loss(batch["target"], batch["image"], logits),
        losses.pixel_loss(batch["target"], logits)
        + 0.5 * losses.crf_loss(batch["image"], logits, crf.SEC.shrunk(12)),
        rtol=1e-6,
    )


def test_a_seeder_has_no_crf_loss():
    with pytest.raises(
        ValueError,
        match=r"crf_loss wants a network with a class at every pixel, such as "
        r"deeplab_v1; found gap_highres",
    ):
        with_crf_loss(SEEDER)


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


def test_blocks_that_stay_as_they_are_are_computed_once(tmp_path, residual):
    """Their features are cached, and what is above learns."""
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
    """The folder of features is shared by runs, and so by mistakes."""
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
