"""bin/run_experiment from its flags to its report, with stand-in binaries."""

import json
import os
import shutil
import subprocess
import sys
from unittest import mock

import programs
import pytest
import stand_ins
from binary_calls import FEW, calling, stand_in

from guided_segmentation import experiments
from guided_segmentation.experiments import runner, table_1, table_4_5
from guided_segmentation.report import table_2


@pytest.fixture
def bin_dir(tmp_path):
    return stand_ins.write_binaries(tmp_path / "bin")


def run_experiment(bin_dir, work_dir, *flags, **environment):
    for name in ("_environment.py", "run_experiment"):
        shutil.copy(programs.ROOT / "bin" / name, bin_dir)
    return subprocess.run(
        [
            sys.executable,
            bin_dir / "run_experiment",
            f"--work_dir={work_dir}",
            *flags,
        ],
        env={**os.environ, "PYTHONPATH": str(programs.ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_binary_resumes_after_a_kill_and_reports(bin_dir, tmp_path):
    flags = (
        "--guides=seeds_only,full",
        "--seed=3",
        "--seeds_args='--b=x y'",
    )
    work_dir = tmp_path / "work_killed"
    killed = run_experiment(
        bin_dir, work_dir, *flags, DIE_AFTER="segment_images"
    )
    assert killed.returncode == -9
    done = run_experiment(bin_dir, work_dir, *flags)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done before") == 5
    assert f"report: {work_dir}/report.html" in done.stdout
    assert "<img" in (work_dir / "report.html").read_text()
    summary = json.loads((work_dir / "summary.json").read_text())
    assert "--seed=3" in summary["settings"]["train_seeder"]
    assert "'--b=x y'" in summary["settings"]["make_seeds"]
    assert "--seed=3" not in summary["settings"]["make_seeds"]


def test_the_binary_refuses_flags_that_would_do_nothing(bin_dir, tmp_path):
    done = run_experiment(bin_dir, tmp_path / "work", "--split=val")
    assert done.returncode == 1
    assert "error: --split differs from stage to stage" in done.stderr
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (
            "--segmenter_args=--typo",
            "error: stage train_segmenter_g2 would fail: error: no --typo",
        ),
        ("--val_split=vall", "error: wanted a split among train, val, test, "),
    ],
)
def test_a_mistake_in_a_late_stage_is_told_at_once(
    bin_dir, tmp_path, flag, told
):
    done = run_experiment(bin_dir, tmp_path / "work", "--guides=g2", flag)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(told)
    assert not (tmp_path / "work").exists()


def test_the_binary_writes_table_1_and_figure_3(bin_dir, tmp_path):
    work_dir = tmp_path / "work"
    seeders = "--seeders=gap_highres,guided,center_mean_shape"
    done = run_experiment(bin_dir, work_dir, "--guides=", seeders)
    assert done.returncode == 0, done.stderr
    summary = json.loads((work_dir / "summary.json").read_text())
    found = summary["seeders"]
    assert list(found) == ["gap_highres", "guided", "center_mean_shape"]
    assert found["gap_highres"]["mp"] == found["gap_highres"]["map"] > 0
    assert found["center_mean_shape"]["map"] is None
    assert "GAP-HighRes" in done.stdout
    assert "80.7" in done.stdout
    assert (work_dir / "figure_3.png").read_bytes()[1:4] == b"PNG"
    page = (work_dir / "report.html").read_text()
    assert "Seeders compared" in page
    assert "<p>Seeders, compared as in Oh et al." in page
    assert "Guides compared" not in page
    assert page.count("data:image/png") == 1


def test_the_binary_writes_tables_4_and_5(bin_dir, tmp_path):
    rows = "--crf_rows=loss_v1,post_v1"
    done = run_experiment(bin_dir, tmp_path / "work", "--guides=", rows)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "work/summary.json").read_text())
    found = summary["crf_rows"]["gap_highres"]
    assert list(found) == ["loss_v1", "post_v1"]
    assert "crf-postproc" in done.stdout
    assert "46.4" in done.stdout
    page = (tmp_path / "work/report.html").read_text()
    assert "CRFs against saliency" in page
    assert "<p>CRFs and saliency, compared as in Oh et al." in page
    assert "Guides compared" not in page


def test_flags_reach_what_run_experiment_calls(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(programs.ROOT)  # Flagfiles name each other from there.
    with calling(
        "run_experiment",
        stand_in(runner, "check_flags"),
        stand_in(runner, "run"),
        stand_in(
            experiments,
            "summarize",
            {
                "guides": {"g2": {}},
                "seeders": {"gap_roi": {}},
                "crf_rows": {"gap_roi": {}},
            },
        ),
        stand_in(table_1, "table", "table 1"),
        stand_in(table_4_5, "table", "tables 4 and 5"),
        stand_in(table_2, "text", "the table"),
        stand_in(experiments, "write_report", "the report"),
        **FEW,
        work_dir=str(tmp_path),
        guides="g2",
        seeders="gap_roi",
        crf_rows="loss_v1",
        crf_seeders="gap_lowres",
        stage_flags="flags/demo,flags/table1_synthetic",
        saliency_dataset="msra",
        saliency_data_dir="/m",
        report="true",
        train_split="test",
        val_split="train",
        width_multiplier="0.5",
        guide_crf="custom-5-50-10",
        crf="true",
        rounds="2",
        second_guide="seeds_only",
        reuse_from="/r",
        segmenter_args="--num_steps=3 --seed=4",
    ) as (check_flags, run, summarize, *_, write_report):
        pass
    plan, work_dir, bin_dir, reuse_from = run.call_args.args
    assert (work_dir, reuse_from) == (tmp_path, "/r")
    asked = check_flags.call_args.args[0]
    assert {*plan} - {*asked} == {x for x in plan if "evaluate_" in x.name}
    assert bin_dir == programs.ROOT / "bin"
    commands = {stage.name: stage.command for stage in plan}
    assert {"--dataset=msra", "--data_dir=/m"} < {*commands["train_saliency"]}
    assert "--guide_crf=custom-5-50-10" in commands["make_guides_g2"]
    wanted = {
        "--width_multiplier=0.5",
        "--num_steps=3",
        "--seed=4",
        "--split=test",
    }
    assert wanted < {*commands["train_segmenter_g2"]}
    assert "--split=test" in commands["train_seeder_gap_roi"]
    assert "--threshold=0.5" in commands["make_seeds"]  # Of flags/demo.
    assert "evaluate_segmenter_gap_lowres_loss_v1" in commands
    assert "--guide=seeds_only" in commands["train_segmenter_g2_round2"]
    crf_dir = "--crf_dir={work_dir}/predictions/g2/crf"
    assert {crf_dir, "--split=train"} < {*commands["segment_images_g2"]}
    assert summarize.call_args == mock.call(tmp_path, plan)
    train, val = write_report.call_args.args[2:]
    assert (train.name, val.name) == ("synthetic/test", "synthetic/train")
    assert capsys.readouterr().out == (
        f"table 1\ntables 4 and 5\nthe table\n"
        f"summary: {tmp_path}/summary.json\n"
        f"report: the report, a page for your browser\n"
        f"next: bin/segment_images --segmenter_dir={tmp_path}/segmenter/g2 "
        f"--dataset=folder --data_dir=YOUR_PHOTOGRAPHS --output_dir=masks\n"
    )
