import dataclasses
import json

import pytest
import tensorflow as tf
from benchmark_samples import two_squares

from guided_segmentation import benchmarks, errors
from guided_segmentation.serving import converters


def test_data_without_ground_truth_are_refused():
    source = dataclasses.replace(two_squares(), label_map=None)
    with pytest.raises(ValueError, match="squares: wanted ground truth, from"):
        benchmarks.run(["guides"], source)


def test_a_suite_that_cannot_run_is_left_out_of_all_and_named(monkeypatch):
    def measure(source, settings):
        raise errors.InputError("formats: wanted the package x, found none")

    monkeypatch.setitem(benchmarks.SUITES, "formats", measure)
    with pytest.raises(ValueError, match="wanted the package x"):
        benchmarks.run(["formats"], two_squares())
    found = benchmarks.run(["formats"], two_squares(), leave_out=True)
    assert found["suites"] == {}
    reason = "formats: wanted the package x, found none"
    assert found["left_out"] == {"formats": reason}
    assert f"left out: formats ({reason})" in benchmarks.table(found)


def test_the_binary_measures_every_suite_and_writes_what_it_prints(
    launcher, tmp_path
):
    path = tmp_path / "found.json"
    given = (
        "--num_images=3",
        "--repeats=1",
        "--requests=2",
        "--batch_size=2",
        "--input_size=33",
        "--width_multiplier=0.03",
        "--head_channels=4",
    )
    done = launcher.run("benchmark", *given, f"--output={path}")
    assert done.returncode == 0, done.stderr
    results = json.loads(path.read_text())
    assert done.stdout == benchmarks.table(results) + "\n"
    assert results["data"] == {"name": "synthetic/train", "images": 3}
    assert results["settings"]["input_size"] == 33
    assert results["machine"]["cpu"]
    assert results["versions"]["tensorflow"] == tf.__version__
    assert list(results["suites"]) == list(benchmarks.SUITES)
    assert results["left_out"] == {}
    assert results["machine"]["cores"] >= 1
    of_formats = results["suites"]["formats"]
    assert set(of_formats["miou"]) == {"saved_model", *converters.RUN}
    assert of_formats["max_difference"]["saved_model"] == 0
    assert of_formats["max_difference"]["onnx"] < 1e-4
    sizes = of_formats["size_bytes"]
    assert sizes["tflite_int8"] < sizes["tflite_float16"] < sizes["onnx"]
    compared = launcher.run(
        "benchmark",
        *given,
        "--suite=guides",
        f"--compare={path}",
        f"--output={tmp_path / 'again.json'}",
    )
    if compared.returncode:  # The machine may be slower by chance.
        assert "slower:\nguides: " in compared.stderr
    else:
        assert f"nothing is slower than in {path}" in compared.stdout
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
