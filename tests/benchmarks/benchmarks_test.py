import dataclasses
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import benchmarks, crf, guides
from guided_segmentation.benchmarks import (
    clock,
    crf_loss_suite,
    guide_suite,
    seed_suite,
    segmenters,
    serving_suite,
    training,
)
from guided_segmentation.benchmarks.evidence import evidence as evidence_of
from guided_segmentation.datasets import schema, synthetic
from guided_segmentation.guides import regions
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.networks import gap
from guided_segmentation.seeders import backprop
from guided_segmentation.serving import converters
from guided_segmentation.training import recipe

ROOT = pathlib.Path(__file__).parents[2]
SMALL = benchmarks.BenchmarkSettings(
    repeats=2,
    requests=3,
    input_size=33,
    width_multiplier=0.03,
    head_channels=4,
    batch_size=2,
)
SCENES = synthetic.source("train", num_images=3)


def two_squares():
    """Two objects that touch along a contour, and one on its own."""
    truth = np.zeros((60, 80), np.uint8)
    truth[5:35, 5:35] = 1
    truth[5:35, 35:37] = IGNORE
    truth[5:35, 37:67] = 2
    truth[40:58, 30:50] = 3
    return schema.Source(
        name="squares",
        image_ids=("only",),
        image=lambda _: np.zeros((60, 80, 3), np.uint8),
        image_labels=lambda _: np.array([True, True, True]),
        label_map=lambda _: truth,
    )


def test_seeds_are_the_truth_without_its_rim():
    evidence = evidence_of(two_squares(), "only")
    wanted = np.zeros((60, 80), np.uint8)  # 10 % of 60 px: 3 px a side.
    wanted[8:33, 8:33] = 1
    wanted[8:33, 40:65] = 2
    wanted[43:56, 33:48] = 3
    np.testing.assert_array_equal(evidence.seeds, wanted)


@pytest.mark.parametrize("image_id", SCENES.image_ids)
def test_seeds_never_leave_the_truth_of_their_object(image_id):
    evidence = evidence_of(SCENES, image_id)
    truth = SCENES.label_map(image_id)
    sown = evidence.seeds != BACKGROUND
    assert sown.any()
    np.testing.assert_array_equal(evidence.seeds[sown], truth[sown])


def test_the_contour_joins_objects_that_touch_into_one_region():
    mask = evidence_of(two_squares(), "only").saliency_mask
    assert regions.components(mask, 25).max() == 2


def test_a_crf_is_needed_where_classes_share_a_region():
    evidence = evidence_of(two_squares(), "only")
    assert guide_suite.needs_crf(evidence)
    apart = evidence.saliency_mask & (evidence.seeds != 2)
    apart[:, 35:40] = False
    alone = dataclasses.replace(evidence, saliency_mask=apart)
    assert not guide_suite.needs_crf(alone)


def test_parts_take_turns_and_their_rates_are_kept_apart(monkeypatch):
    ticks = itertools.accumulate([0, 1, 1, 2, 1, 4, 1, 5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    called = []
    parts = {
        "one": lambda: called.append("one"),
        "other": lambda: called.append("other"),
    }
    rates = clock.measure(parts, 20, 2)
    assert called == ["one", "other", "one", "other"]
    assert rates == {"one": [20.0, 5.0], "other": [10.0, 4.0]}


def test_both_guides_are_made_of_the_same_images(monkeypatch):
    made = []
    monkeypatch.setattr(
        guides, "g2", lambda e, s: made.append((e.image_id, s.crf))
    )
    found = guide_suite.measure(SCENES, SMALL)
    once = [(i, c) for c in (crf.NONE, crf.DEEPLAB) for i in SCENES.image_ids]
    assert made == once * SMALL.repeats
    assert 0 <= found["images_with_crf"] <= 1


@pytest.fixture
def same_policy():
    policy = keras.mixed_precision.global_policy()
    yield
    keras.mixed_precision.set_global_policy(policy)


def test_as_many_steps_are_timed_as_wanted(same_policy):
    batch = {
        "input": tf.zeros([2, 17, 17, 3]),
        "target": tf.zeros([2, 3, 3], tf.uint8),
        "seed": tf.zeros([2, 2], tf.int32),
    }
    network = {
        "name": "deeplab_v1",
        "width_multiplier": 0.03,
        "head_channels": 4,
    }
    what = recipe.Recipe(network=network, input_size=17)
    seconds = training.step_seconds(what, batch, SMALL)
    assert len(seconds) == SMALL.repeats
    assert min(seconds) > 0


def test_the_same_batch_is_trained_on_with_and_without_crf_loss(monkeypatch):
    called = []

    def step_seconds(what, batch, settings):
        called.append((what.crf_loss is not None, batch))
        return [0.5, 2.0, 0.5]

    monkeypatch.setattr(training, "step_seconds", step_seconds)
    found = crf_loss_suite.measure(SCENES, SMALL)
    (plain, first), (both, second) = called
    assert (plain, both) == (False, True)
    assert first is second
    assert "image" in first
    assert found["measurements"]["with_crf"] == [4.0, 1.0, 4.0]


def test_data_without_ground_truth_are_refused():
    source = dataclasses.replace(two_squares(), label_map=None)
    with pytest.raises(ValueError, match="squares: wanted ground truth, from"):
        benchmarks.run(["guides"], source)


def test_every_seeder_of_the_package_is_measured():
    found = seed_suite.measure(SCENES, SMALL)["images_per_second"]
    wanted = {*gap.VARIANTS, *backprop.METHODS, "grad_cam"}
    assert next(iter(found)) == "forward_pass"
    assert set(found) - {"forward_pass"} == wanted
    assert min(found.values()) > 0


def test_the_binary_measures_every_suite_and_writes_what_it_prints(tmp_path):
    path = tmp_path / "found.json"
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "bin" / "benchmark"),
            f"--output={path}",
            "--num_images=3",
            "--repeats=1",
            "--requests=2",
            "--batch_size=2",
            "--input_size=33",
            "--width_multiplier=0.03",
            "--head_channels=4",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(path.read_text())
    assert done.stdout == benchmarks.table(results) + "\n"
    assert results["data"] == {"name": "synthetic/train", "images": 3}
    assert results["settings"]["input_size"] == 33
    assert results["machine"]["cpu"]
    assert results["versions"]["tensorflow"] == tf.__version__
    assert list(results["suites"]) == list(benchmarks.SUITES)
    of_formats = results["suites"]["formats"]
    assert set(of_formats["miou"]) == {"saved_model", *converters.RUN}
    assert of_formats["max_difference"]["saved_model"] == 0
    assert of_formats["max_difference"]["onnx"] < 1e-4
    sizes = of_formats["size_bytes"]
    assert sizes["tflite_int8"] < sizes["tflite_float16"] < sizes["onnx"]
    for found in results["suites"].values():
        first, *others = found["images_per_second"].items()
        assert found["times_as_fast"] == pytest.approx(
            {name: first[1] / rate for name, rate in others}
        )


def test_the_table_names_machine_data_rates_and_ratio():
    found = {
        "images_per_second": {"pipeline": 120.0, "step": 40.0},
        "times_as_fast": {"step": 3.0},
    }
    text = benchmarks.table(
        {
            "machine": {"cpu": "Abacus", "cores": 2},
            "data": {"name": "squares", "images": 7},
            "settings": {"repeats": 5, "requests": 9},
            "suites": {"input": found},
        }
    )
    assert text.splitlines() == [
        "Abacus, 2 cores; 7 images of squares; medians of 5 measurements "
        "(serving, formats: 9)",
        "input",
        "  pipeline                   120.0 images/s",
        "  step                        40.0 images/s",
        "  pipeline is 3.0 times as fast as step",
    ]


def test_latencies_are_the_percentiles_of_a_call():
    found = clock.latency_ms([1000.0, 500.0, 250.0], 2)  # 2, 4 and 8 ms.
    assert found == pytest.approx({"p50": 4.0, "p99": 7.92})


def test_the_servable_is_measured_beside_what_it_predicts_with():
    found = serving_suite.measure(SCENES, SMALL)
    rates = found["images_per_second"]
    assert set(rates) == {"bare_1", "servable_1", "bare_8", "servable_8"}
    assert found["servable_to_bare"] == pytest.approx(
        {n: rates[f"servable_{n}"] / rates[f"bare_{n}"] for n in ("1", "8")}
    )
    assert {len(each) for each in found["measurements"].values()} == {3}
    assert found["latency_ms"].keys() == rates.keys()


def test_photographs_of_a_request_share_the_size_of_the_first():
    batch = serving_suite.photographs(SCENES, 4)
    for found, image_id in zip(batch, SCENES.image_ids, strict=False):
        np.testing.assert_array_equal(found, SCENES.image(image_id))
    np.testing.assert_array_equal(batch[3], batch[0])


def test_a_segmenter_of_other_objects_is_refused(monkeypatch):
    trained = (None, {"objects": ["cat"]})
    monkeypatch.setattr(segmenters.weights, "load_trained", lambda _: trained)
    settings = dataclasses.replace(SMALL, segmenter_dir="run")
    wanted = r"^run: wanted a segmenter of the objects of .*, found \['cat'\]"
    with pytest.raises(ValueError, match=wanted):
        segmenters.load(SCENES, settings, "float32")
