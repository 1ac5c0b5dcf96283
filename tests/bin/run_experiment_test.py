"""bin/run_experiment from its flags to its report, with stand-in binaries."""

import json
import os
import shutil
import subprocess
import sys

import programs
import pytest
import stand_ins


@pytest.fixture
def bin_dir(tmp_path):
    return stand_ins.write_binaries(tmp_path / "bin")


def run_experiment(bin_dir, work_dir, *flags, **environment):
    shutil.copy(programs.ROOT / "bin" / "run_experiment", bin_dir)
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
        "--guides=seeds_only,full_supervision",
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
