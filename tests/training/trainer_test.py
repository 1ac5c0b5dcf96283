import dataclasses
import json
import os
import random
import re
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import crf
from guided_segmentation.labels import IGNORE
from guided_segmentation.networks import layers, weights
from guided_segmentation.training import (
    executions,
    loss_scale,
    losses,
    optimizers,
    trainer,
)

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(0, 1, (8, 16, 16, 3)).astype(np.float32)
TARGETS = RANDOM.integers(0, 3, (8, 2, 2), np.uint8)
TARGETS[:3] = IGNORE  # Replicas see different numbers of labelled pixels.
TARGETS[5, 0] = IGNORE

SETTINGS = trainer.TrainSettings(
    num_steps=8,
    batch_size=4,
    checkpoint_steps=3,
    summary_steps=2,
    picture_steps=4,
    optimizer=optimizers.OptimizerSettings(
        learning_rate=0.01, lr_decay_steps=5
    ),
)
ONE = tf.distribute.OneDeviceStrategy("CPU:0")


def tiny():
    image = keras.Input([None, None, 3])
    conv = keras.layers.Conv2D
    x = conv(8, 8, 8, activation="relu", name="conv1_1")(image)
    x = layers.ExampleDropout(0.5, name="drop")(x)
    return keras.Model(image, conv(3, 1, dtype="float32", name="fc8")(x))


def task(at=lambda position: None, **changes):
    """A task whose data call `at` with the position of every example."""

    def visit(position):
        at(int(position))
        return position

    def example(position):
        position = tf.py_function(visit, [position], tf.int64)
        position = tf.ensure_shape(position, [])
        return {
            "image": tf.gather(INPUTS, position % 8),
            "label_map": tf.gather(TARGETS, position * 3 % 8),
            "seed": tf.stack([7, tf.cast(position, tf.int32)]),
        }

    def batches(first):
        positions = tf.data.Dataset.range(first * 4, 8 * 4)
        return positions.map(example).batch(4, drop_remainder=True)

    return trainer.Task(
        **{
            "build_network": tiny,
            "make_batches": batches,
            "loss": losses.pixel_loss,
            "input_key": "image",
            "target_keys": ("label_map",),
            "noise_context": layers.example_seeds,
            **changes,
        }
    )


def trained(work_dir, strategy=ONE, at=lambda position: None, **changes):
    settings = dataclasses.replace(SETTINGS, **changes)
    network = trainer.train(
        task(at), work_dir=work_dir, settings=settings, strategy=strategy
    )
    return weights.to_dict(network)


def assert_same(first, second, **tolerance):
    assert first.keys() == second.keys()
    for name, array in first.items():
        if tolerance:
            np.testing.assert_allclose(array, second[name], **tolerance)
        else:
            np.testing.assert_array_equal(array, second[name])


def events(work_dir):
    """Yields step and value of everything in the summaries."""
    for path in sorted((work_dir / "events").iterdir()):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                yield value.tag, event.step, tf.make_ndarray(value.tensor)


@pytest.fixture(scope="module", name="whole")
def _whole(tmp_path_factory):
    """Folder and weights of an unbroken run."""
    work_dir = tmp_path_factory.mktemp("whole")
    return work_dir, trained(work_dir)


def test_training_changes_every_weight(whole):
    keras.utils.set_random_seed(SETTINGS.seed)
    for name, fresh in weights.to_dict(tiny()).items():
        assert (whole[1][name] != fresh).any()


def test_the_same_run_twice_ends_with_the_same_weights(whole, tmp_path):
    assert_same(trained(tmp_path), whole[1])


def test_another_seed_ends_with_other_weights(whole, tmp_path):
    other = trained(tmp_path, seed=1)
    assert (other["fc8/kernel"] != whole[1]["fc8/kernel"]).any()


def test_two_replicas_train_exactly_as_one(whole, two_cpus, tmp_path):
    """With dropout, and with labelled pixels spread unevenly."""
    assert_same(trained(tmp_path, two_cpus), whole[1], rtol=1e-6, atol=1e-6)


def test_two_replicas_train_exactly_as_one_with_a_crf_loss(two_cpus, tmp_path):
    def loss(label_map, image, output):
        seen = tf.cast(100 * tf.abs(image[:, ::8, ::8]), tf.uint8)
        pixels = losses.pixel_loss(label_map, output)
        return pixels + losses.crf_loss(seen, output, crf.SEC.shrunk(12))

    both = task(loss=loss, target_keys=("label_map", "image"))
    one, two = (
        weights.to_dict(
            trainer.train(
                both,
                work_dir=tmp_path / name,
                settings=dataclasses.replace(SETTINGS, num_steps=3),
                strategy=strategy,
            )
        )
        for name, strategy in (("one", ONE), ("two", two_cpus))
    )
    assert_same(one, two, rtol=1e-5, atol=1e-5)


def test_two_replicas_clip_exactly_as_one(two_cpus, tmp_path):
    clipped = dataclasses.replace(SETTINGS.optimizer, clip_norm=0.1)
    one = trained(tmp_path / "one", optimizer=clipped)
    two = trained(tmp_path / "two", two_cpus, optimizer=clipped)
    assert_same(one, two, rtol=1e-6, atol=1e-6)


def test_a_run_stopped_by_sigterm_resumes_exactly(whole, tmp_path, capsys):
    def terminate(position):
        if position == 18:  # Of the fifth batch.
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        trained(tmp_path, at=terminate)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    said = re.search(
        r"stopped after step (\d) of 8; the same command resumes",
        capsys.readouterr().err,
    )
    assert 1 <= int(said[1]) <= 5
    seen = []
    assert_same(trained(tmp_path, at=seen.append), whole[1])
    assert sorted(seen) == list(range(4 * int(said[1]), 32))


def test_a_killed_run_resumes_from_its_last_checkpoint(
    whole, two_cpus, tmp_path
):
    def fail(position):
        if (
            position == 26
        ):  # Of the seventh batch, after a checkpoint at 3 or 6.
            raise ValueError("killed")

    with pytest.raises(tf.errors.InvalidArgumentError, match="killed"):
        trained(tmp_path, at=fail)
    seen = []
    assert_same(trained(tmp_path, at=seen.append), whole[1])
    assert min(seen) in (12, 24)


def test_two_replicas_resume_exactly(two_cpus, tmp_path):
    def fail(position):
        if position == 26:
            raise ValueError("killed")

    unbroken = trained(tmp_path / "unbroken", two_cpus)
    with pytest.raises(tf.errors.InvalidArgumentError, match="killed"):
        trained(tmp_path / "broken", two_cpus, at=fail)
    assert_same(trained(tmp_path / "broken", two_cpus), unbroken)


def test_a_finished_run_is_not_trained_further(whole):
    seen = []
    assert_same(trained(whole[0], at=seen.append), whole[1])
    assert not seen


def test_loss_and_learning_rate_are_written_at_their_steps(whole):
    loss = {step: v for tag, step, v in events(whole[0]) if tag == "loss"}
    rates = {
        step: float(value)
        for tag, step, value in events(whole[0])
        if tag == "learning_rate"
    }
    assert list(loss) == list(rates) == [2, 4, 6, 8]
    assert all(np.isfinite(value) for value in loss.values())
    np.testing.assert_allclose(list(rates.values()), [0.01, 0.01, 1e-3, 1e-3])


def test_pictures_come_at_their_steps(tmp_path):
    def pictures(batch, output):
        assert batch["label_map"].shape == output.shape[:3] == (4, 2, 2)
        return np.zeros((4, 2, 2, 3), np.uint8)

    trainer.train(
        task(draw_pictures=pictures),
        work_dir=tmp_path,
        settings=SETTINGS,
        strategy=ONE,
    )
    steps = {s for tag, s, _ in events(tmp_path) if "guide" in tag}
    assert steps == {4, 8}


def test_settings_are_recorded(whole):
    content = json.loads((whole[0] / "settings.json").read_text())
    assert content["training"]["num_steps"] == 8
    assert content["training"]["optimizer"]["lr_decay_steps"] == 5


def test_no_more_than_two_checkpoints_are_kept(whole):
    kept = {path.suffix for path in whole[0].glob("checkpoints/*.index")}
    assert len(list(whole[0].glob("checkpoints/*.index"))) == 2
    assert kept == {".index"}


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_trains_float32_weights_to_nearly_the_same(
    whole, tmp_path, precision
):
    low = trained(tmp_path, precision=precision)
    assert all(array.dtype == np.float32 for array in low.values())
    assert_same(low, whole[1], rtol=0.1, atol=0.02)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"the loss is nan at step 2, at a learning rate of 0\.01; lower "
        r"--learning_rate or set --clip_norm, in another --work_dir",
    ):
        trainer.train(
            task(loss=lambda targets, output: tf.reduce_sum(output) * np.nan),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
        )


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    """The loss of the last step is of the weights before its update."""
    with pytest.raises(
        ValueError,
        match=r"the weights are not finite after step 1, at a learning rate of "
        r"1e\+37; lower --learning_rate",
    ):
        trainer.train(
            task(loss=lambda *args: 1e4 * losses.pixel_loss(*args)),
            work_dir=tmp_path,
            settings=dataclasses.replace(
                SETTINGS,
                num_steps=1,
                optimizer=optimizers.OptimizerSettings(learning_rate=1e37),
            ),
            strategy=ONE,
        )
    assert not list(tmp_path.glob("checkpoints/*.index"))


def test_float16_leaves_out_steps_whose_gradients_overflow(two_cpus, tmp_path):
    """The loss is scaled by 2**15, and a float16 is at most 65504."""

    def loss(targets, output):
        return 100 * losses.pixel_loss(targets, output)

    for strategy in (ONE, two_cpus):
        work_dir = tmp_path / type(strategy).__name__
        network = trainer.train(
            task(loss=loss),
            work_dir=work_dir,
            settings=dataclasses.replace(SETTINGS, precision="mixed_float16"),
            strategy=strategy,
        )
        after = weights.to_dict(network)
        assert all(np.isfinite(array).all() for array in after.values())
        scale = tf.train.load_variable(
            tf.train.latest_checkpoint(work_dir / "checkpoints"),
            "loss_scale/value/.ATTRIBUTES/VARIABLE_VALUE",
        )
        assert 1 <= scale < loss_scale.INITIAL


def test_float16_ends_if_every_gradient_overflows(tmp_path):
    with pytest.raises(ValueError, match=r"the loss is nan at step 20, at a"):
        trainer.train(
            task(
                loss=lambda targets, output: tf.reduce_sum(output) * np.nan,
                make_batches=lambda first: task().make_batches(0).repeat(9),
            ),
            work_dir=tmp_path,
            settings=dataclasses.replace(
                SETTINGS,
                num_steps=40,
                checkpoint_steps=40,
                summary_steps=10,
                picture_steps=40,
                precision="mixed_float16",
            ),
            strategy=ONE,
        )


def test_two_replicas_train_on_an_odd_batch_exactly_as_one(two_cpus, tmp_path):
    """The paper's batch of 15 does not divide among 2 replicas."""

    def batches(first):
        return task().make_batches(0).unbatch().batch(5).skip(first)

    one, two = (
        weights.to_dict(
            trainer.train(
                task(make_batches=batches),
                work_dir=tmp_path / name,
                settings=dataclasses.replace(
                    SETTINGS, batch_size=5, num_steps=4
                ),
                strategy=strategy,
            )
        )
        for name, strategy in (("one", ONE), ("two", two_cpus))
    )
    assert_same(two, one, rtol=1e-6, atol=1e-6)


def test_a_batch_has_an_example_for_every_replica(two_cpus, tmp_path):
    with pytest.raises(
        ValueError,
        match="wanted at least one image of a batch for each of 2 replicas, "
        "found a batch of 1; raise --batch_size",
    ):
        trained(tmp_path, two_cpus, batch_size=1)
    assert not list(tmp_path.iterdir())


def test_a_batch_divides_into_equal_parts_on_every_replica(two_cpus, tmp_path):
    with pytest.raises(
        ValueError,
        match="wanted batches that divide into --accumulate_steps=4 equal "
        "parts on each of 2 replicas, found --batch_size=4; change one of them",
    ):
        trainer.train(
            task(),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=two_cpus,
            execution=executions.Execution(accumulate_steps=4),
        )
    assert not list(tmp_path.iterdir())


def test_a_network_that_xla_cannot_compile_is_named(tmp_path):
    def loss(targets, output, *counts):
        del counts
        value = losses.pixel_loss(targets, output)
        return tf.reshape(tf.py_function(lambda x: x, [value], tf.float32), [])

    with pytest.raises(
        ValueError,
        match=r"^--jit_compile: XLA cannot compile the network for this device "
        r"\(.*\); leave it out$",
    ):
        trainer.train(
            task(loss=loss, counts=lambda targets: (tf.constant(1.0),)),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
            execution=executions.Execution(jit_compile=True),
        )


def test_a_training_without_labels_ends(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"no pixel of the label maps of 2 steps is labelled, so nothing "
        r"is learned; look at what the label maps are made of",
    ):
        trainer.train(
            task(num_labelled=lambda targets: tf.constant(0)),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
        )
    assert not list(tmp_path.glob("checkpoints/*.index"))


def test_a_training_says_where_it_runs(tmp_path, capsys):
    trained(tmp_path, num_steps=1)
    assert "training on 1 CPU (no GPU found)" in capsys.readouterr().err


def test_a_training_leaves_policy_and_random_numbers_as_they_were(tmp_path):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    keras.utils.set_random_seed(3)
    expected = random.random(), np.random.random()
    keras.utils.set_random_seed(3)
    trained(tmp_path, num_steps=1)
    assert keras.mixed_precision.global_policy().name == "mixed_bfloat16"
    assert (random.random(), np.random.random()) == expected


def test_a_folder_begun_under_other_settings_is_refused(whole):
    with pytest.raises(
        ValueError,
        match=r"whole.* was begun with "
        r"training\.optimizer\.lr_decay_steps = 5, "
        r"now it is 6; choose another folder, or delete this one",
    ):
        trained(
            whole[0],
            optimizer=dataclasses.replace(SETTINGS.optimizer, lr_decay_steps=6),
        )


def test_the_defaults_are_the_papers():
    paper = trainer.TrainSettings()
    assert (paper.num_steps, paper.batch_size) == (8000, 15)
