"""Scores while a network trains: the curve, the best weights, resuming."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from thin_recipes import FROZEN, SEEDER, SETTINGS, SOURCE, truth

from guided_segmentation.networks import weights
from guided_segmentation.training import fine_tuning, loops, validation

ONE = tf.distribute.OneDeviceStrategy("CPU:0")


class Run:
    """A run whose network is the number of its step."""

    def __init__(self, work_dir, scores, keep="best"):
        self.scores, self.step, self.work_dir = scores, 0, work_dir
        self.watch = validation.Watch(
            validation.Validation(
                name="miou", score=None, steps=2, keep=keep, images={"count": 3}
            ),
            lambda: self.scores[self.step],
            self.save,
            work_dir,
        )

    def save(self, path):
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(self.step))

    def go(self, *steps):
        for self.step in steps:
            self.watch.score(self.step)

    def curve(self):
        content = json.loads((self.work_dir / "validation.json").read_text())
        return {each["step"]: each["score"] for each in content["curve"]}

    def finish(self):
        self.watch.finish(self.work_dir / "weights.npz")
        return (self.work_dir / "weights.npz").read_text()


SCORES = {2: 0.25, 4: 0.5, 6: 0.5, 8: 0.125}


def test_the_curve_is_written_as_it_grows(tmp_path):
    run = Run(tmp_path, SCORES)
    run.go(2)
    assert run.curve() == {2: 0.25}
    run.go(4, 6, 8)
    assert run.curve() == SCORES
    run.finish()
    content = json.loads((tmp_path / "validation.json").read_text())
    assert content == {
        "score": "miou",
        "steps": 2,
        "keep": "best",
        "images": {"count": 3},
        "best_step": 4,
        "kept": 4,
        "curve": [{"step": s, "score": v} for s, v in SCORES.items()],
    }


def test_the_first_of_the_best_weights_is_kept(tmp_path):
    run = Run(tmp_path, SCORES)
    run.go(2, 4, 6, 8)
    assert run.finish() == "4"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"weights.npz", "validation.json"}


def test_the_last_weights_are_kept_by_default(tmp_path):
    assert validation.Validation(name="map", score=None).keep == "last"
    run = Run(tmp_path, SCORES, keep="last")
    run.go(2, 4, 6, 8)
    assert not (tmp_path / "best").exists()
    assert run.finish() == "8"


def test_scores_that_are_not_defined_are_never_the_best(tmp_path):
    run = Run(tmp_path, {2: None, 4: 0.0, 6: None})
    run.go(2, 4, 6)
    assert run.curve() == {2: None, 4: 0.0, 6: None}
    assert run.finish() == "4"


def test_without_any_defined_score_the_last_weights_are_kept(tmp_path):
    run = Run(tmp_path, {2: None, 4: None})
    run.go(2, 4)
    assert run.watch.best_step is None
    assert run.finish() == "4"


def test_only_the_best_weights_outlast_a_checkpoint(tmp_path):
    run = Run(tmp_path, SCORES)
    run.go(2, 4)
    assert len(list((tmp_path / "best").iterdir())) == 2
    run.watch.checkpointed()
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["4.npz"]


@pytest.mark.parametrize("checkpoint", [0, 2, 4])
def test_a_run_that_resumes_forgets_what_came_later(tmp_path, checkpoint):
    """Even where the later scores do not come out as they did before."""
    run = Run(tmp_path, {2: 0.25, 4: 0.5, 6: 0.75, 8: 1.0})
    for step in (2, 4, 6, 8):
        run.go(step)
        if step == checkpoint:
            run.watch.checkpointed()
    again = Run(tmp_path, {2: 0.25, 4: 0.125, 6: 0.0625, 8: 0.0})
    again.watch.resume(checkpoint)
    steps = [step for step in (2, 4, 6, 8) if step > checkpoint]
    again.go(*steps)
    best = "4" if checkpoint == 4 else "2"
    assert again.finish() == best


def test_the_last_step_is_scored_too(tmp_path):
    watch = Run(tmp_path, SCORES).watch
    assert [s for s in range(1, 8) if watch.is_due(s, 7)] == [2, 4, 6, 7]


# In a training.


def spread(network):
    """A score of the weights that changes with every step."""
    layer = network.get_layer("fc7")
    return float(np.abs(np.asarray(layer.weights[0])).mean())


def fallen(network):
    return -spread(network)


VALIDATION = validation.Validation(name="miou", score=spread, steps=1)


def trained(work_dir, chosen=SEEDER, validated=VALIDATION, strategy=ONE):
    is_dense = chosen.is_dense
    fine_tuning.train(
        chosen,
        SOURCE,
        truth if is_dense else SOURCE.image_labels,
        work_dir=work_dir,
        settings=SETTINGS,
        strategy=strategy,
        validated=validated,
    )
    return weights.load(work_dir)


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


def curve(work_dir):
    content = json.loads((work_dir / "validation.json").read_text())
    return [each["score"] for each in content["curve"]]


@pytest.fixture(scope="module", name="plain")
def _plain(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("plain")
    return work_dir, trained(work_dir, validated=None)


def test_scores_do_not_change_the_training(plain, tmp_path):
    assert_same(trained(tmp_path), plain[1])
    assert len(set(curve(tmp_path))) == SETTINGS.num_steps


def test_a_run_without_scores_says_nothing_of_them(plain):
    settings = json.loads((plain[0] / "settings.json").read_text())
    assert "validation" not in settings
    assert not (plain[0] / "validation.json").exists()


def test_scores_are_in_tensorboard(tmp_path):
    trained(tmp_path)
    found = {
        event.step: float(tf.make_ndarray(value.tensor))
        for path in (tmp_path / "events").iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
        if value.tag == "val/miou"
    }
    assert sorted(found) == [1, 2, 3, 4]
    np.testing.assert_allclose(list(found.values()), curve(tmp_path), rtol=1e-6)


@pytest.mark.parametrize("score", [spread, fallen])
def test_a_run_ends_with_the_weights_of_its_best_score(tmp_path, score):
    """Of four steps; both directions, so one is not the last."""
    best = dataclasses.replace(VALIDATION, score=score, keep="best")
    trained(tmp_path, validated=best)
    network, _ = weights.load_trained(tmp_path)
    assert score(network) == pytest.approx(max(curve(tmp_path)), rel=1e-6)
    assert not (tmp_path / "best").exists()


@pytest.mark.parametrize("step", [2, 3, 4])
def test_a_killed_run_ends_with_curve_and_weights_of_an_unbroken_one(
    tmp_path, monkeypatch, step
):
    best = dataclasses.replace(VALIDATION, score=fallen, keep="best")
    whole = trained(tmp_path / "whole", validated=best)

    def kill(loop, at, bar):
        scored(loop, at, bar)
        if at == step:
            raise OSError("killed")

    scored = loops.Loop._validate
    with monkeypatch.context() as patched:
        patched.setattr(loops.Loop, "_validate", kill)
        with pytest.raises(OSError, match="killed"):
            trained(tmp_path / "killed", validated=best)
    assert_same(trained(tmp_path / "killed", validated=best), whole)
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")


def test_the_whole_network_is_scored_above_cached_features(tmp_path):
    names = []

    def note(network):
        names.append([layer.name for layer in network.layers][1])
        return 0.5

    noted = dataclasses.replace(VALIDATION, score=note, steps=2)
    trained(tmp_path, FROZEN, noted)
    assert names == ["conv1_1", "conv1_1"]


def test_a_finished_run_with_another_choice_of_weights_is_refused(tmp_path):
    trained(tmp_path)
    best = dataclasses.replace(VALIDATION, keep="best")
    with pytest.raises(
        ValueError,
        match=r"was begun with validation\.keep = 'last', now it is 'best'",
    ):
        trained(tmp_path, validated=best)


def test_a_score_that_is_not_defined_is_told(tmp_path, capsys):
    nothing = dataclasses.replace(VALIDATION, score=lambda _: None, steps=4)
    trained(tmp_path, validated=nothing)
    assert "step 4: val/miou not defined" in capsys.readouterr().err
