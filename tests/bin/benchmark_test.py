"""bin/benchmark: its flags."""

from binary_calls import calling, stand_in

from guided_segmentation import (
    artifacts,
    benchmarks,
)


def test_flags_reach_what_benchmark_calls(tmp_path, capsys):
    with calling(
        "benchmark",
        stand_in(benchmarks, "run", {"suites": {}}),
        stand_in(benchmarks, "table", "the table"),
        suite="guides",
        output=f"{tmp_path}/found.json",
        repeats="2",
        requests="4",
        segmenter_dir="/s",
        num_images="3",
        input_size="65",
        framing="whole",
        width_multiplier="0.5",
        head_channels="6",
        batch_size="7",
        precision="mixed_bfloat16",
    ) as (run, _):
        pass
    suites, source, settings = run.call_args.args
    assert suites == ["guides"]
    assert len(source.image_ids) == 3
    assert settings == benchmarks.BenchmarkSettings(
        repeats=2,
        requests=4,
        segmenter_dir="/s",
        input_size=65,
        framing="whole",
        width_multiplier=0.5,
        head_channels=6,
        batch_size=7,
        precision="mixed_bfloat16",
    )
    assert capsys.readouterr().out == "the table\n"
    assert artifacts.read_json(tmp_path / "found.json") == {"suites": {}}
