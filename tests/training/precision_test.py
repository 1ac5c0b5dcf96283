"""The precision in which a machine trains fastest."""

import json

import keras
import pytest
import tensorflow as tf

from guided_segmentation.training import precision


def test_every_precision_is_a_keras_policy():
    for name in precision.PRECISIONS:
        keras.mixed_precision.set_global_policy(name)


def timer(**seconds):
    """A stand-in for the timed convolution, and the names it was asked for."""
    asked = []

    def timed(name):
        asked.append(name)
        if name not in seconds:
            raise tf.errors.AbortedError(None, None, "no such convolution")
        return seconds[name]

    return timed, asked


EMULATED = {"float32": 0.145, "mixed_bfloat16": 3.34}
NATIVE = {"float32": 0.145, "mixed_bfloat16": 0.08}


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (EMULATED, "float32"),
        (NATIVE, "mixed_bfloat16"),
        ({"float32": 1.0, "mixed_bfloat16": 0.95}, "float32"),  # Small gain.
        ({"float32": 1.0}, "float32"),
        (
            {"float32": 1.0, "mixed_bfloat16": 0.5, "mixed_float16": 0.4},
            "mixed_float16",
        ),
    ],
)
def test_the_fastest_precision_is_chosen_if_it_gains_a_tenth(seconds, wanted):
    assert precision.choice(seconds) == wanted


def test_a_machine_is_timed_once(tmp_path):
    cache = tmp_path / "cache" / "precision.json"
    timed, asked = timer(**NATIVE)
    for _ in range(2):
        assert precision.fastest(timed, cache) == "mixed_bfloat16"
    assert asked == ["float32", "mixed_bfloat16"]
    assert precision.known(cache) == NATIVE


def test_another_limit_of_instructions_is_another_machine(
    tmp_path, monkeypatch
):
    cache = tmp_path / "precision.json"
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    assert precision.fastest(timer(**NATIVE)[0], cache) == "mixed_bfloat16"
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert precision.fastest(timer(**EMULATED)[0], cache) == "float32"
    assert len(json.loads(cache.read_text())) == 2


def test_a_precision_without_convolution_is_left_out(tmp_path):
    cache = tmp_path / "precision.json"
    assert precision.fastest(timer(float32=1.0)[0], cache) == "float32"
    assert precision.known(cache) == {"float32": 1.0}


def test_a_machine_without_float32_is_an_error(tmp_path):
    with pytest.raises(tf.errors.AbortedError):
        precision.fastest(timer()[0], tmp_path / "precision.json")


def test_a_damaged_cache_is_written_anew(tmp_path):
    cache = tmp_path / "precision.json"
    cache.write_text("{")
    assert precision.fastest(timer(**EMULATED)[0], cache) == "float32"
    assert precision.known(cache) == EMULATED


def test_a_home_that_cannot_be_written_to_costs_the_cache_alone(
    tmp_path, capsys
):
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / "precision.json"
    assert precision.fastest(timer(**NATIVE)[0], cache) == "mixed_bfloat16"
    assert capsys.readouterr().err.startswith("precision: not kept, ")


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "mixed_bfloat16"},  # Of maps.
        {"training": {"precision": "mixed_bfloat16"}, "precision": "x"},
    ],
)
def test_a_folder_that_was_begun_keeps_its_precision(tmp_path, settings):
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    assert precision.resolved("auto", tmp_path) == "mixed_bfloat16"
    assert precision.resolved("float32", tmp_path) == "float32"


@pytest.mark.parametrize("content", [None, "{}", '{"precision": "auto"}'])
def test_another_folder_has_no_precision(tmp_path, content):
    if content:
        (tmp_path / "settings.json").write_text(content)
    assert precision.recorded(tmp_path) is None


def test_a_convolution_takes_time_and_leaves_the_policy():
    assert 0 < precision.convolution_seconds("float32") < 600
    assert precision.keras.mixed_precision.global_policy().name == "float32"
