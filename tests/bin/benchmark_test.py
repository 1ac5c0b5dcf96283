"""bin/benchmark: its flags."""

import programs
import pytest
from binary_calls import calling, stand_in

from guided_segmentation import (
    artifacts,
    benchmarks,
)
from guided_segmentation.benchmarks import baseline


def test_flags_reach_what_benchmark_calls(tmp_path, capsys):
    before = {"suites": {"guides": {}}}
    artifacts.write_json(tmp_path / "before.json", before)
    with calling(
        "benchmark",
        stand_in(benchmarks, "run", {"suites": {}}),
        stand_in(benchmarks, "table", "the table"),
        stand_in(baseline, "slower", []),
        suite="guides",
        output=f"{tmp_path}/found.json",
        compare=f"{tmp_path}/before.json",
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
    ) as (run, _, slower):
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
    assert slower.call_args.args == ({"suites": {}}, before)
    assert capsys.readouterr().out == (
        f"the table\nnothing is slower than in {tmp_path}/before.json\n"
    )
    assert artifacts.read_json(tmp_path / "found.json") == {"suites": {}}


def test_what_is_slower_ends_the_run_with_code_1():
    with (
        programs.loaded("benchmark") as program,
        pytest.raises(SystemExit) as raised,
    ):
        program.report(["guides: g2 has 0.5 times the speed"])
    assert raised.value.code == "slower:\nguides: g2 has 0.5 times the speed"
