import dataclasses
import json
import os
import re
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import crf
from guided_segmentation.labels import IGNORE
from guided_segmentation.networks import dropout, weights
from guided_segmentation.training import losses, optimizers, trainer

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
    x = dropout.ExampleDropout(0.5, name="drop")(x)
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
            "noise_context": dropout.example_seeds,
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


def test_every_precision_has_a_loss_scale_and_is_a_keras_policy():
    assert trainer.LOSS_SCALE["float32"] == 1
    for precision in trainer.LOSS_SCALE:
        keras.mixed_precision.set_global_policy(precision)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    with pytest.raises(
        ValueError, match=r"the loss is nan at step 2; lower --learning_rate"
    ):
        trainer.train(
            task(loss=lambda targets, output: tf.reduce_sum(output) * np.nan),
            work_dir=tmp_path,
            settings=SETTINGS,
            strategy=ONE,
        )


def test_a_batch_must_divide_among_the_replicas(two_cpus, tmp_path):
    with pytest.raises(
        ValueError,
        match="a batch of 5 does not divide among 2 replicas; change "
        "--batch_size",
    ):
        trained(tmp_path, two_cpus, batch_size=5)
    assert not list(tmp_path.iterdir())


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
