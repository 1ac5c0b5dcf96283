"""A true run from image labels to scores, killed on the way and gone on with.

By default two stages of the shortest experiment are killed;
GUIDED_SEGMENTATION_SLOW=1 kills every stage of G2.
"""

import os
import re
import shutil
import signal
import time

import pytest

from guided_segmentation import artifacts

SLOW = bool(os.environ.get("GUIDED_SEGMENTATION_SLOW"))
GUIDE = "g2" if SLOW else "seeds_only"
STAGES = (
    "train_seeder",
    "make_seeds",
    *(("train_saliency", "make_saliency") if SLOW else ()),
    f"make_guides_{GUIDE}",
    f"evaluate_guides_{GUIDE}",
    f"train_segmenter_{GUIDE}",
    f"segment_images_{GUIDE}",
    f"evaluate_segmenter_{GUIDE}",
)
KILLED = STAGES if SLOW else STAGES[-3:-1]
TINY = (
    f"--guides={GUIDE}",
    "--dataset=synthetic",
    "--num_images=12",
    "--trunk_weights=none",
    "--width_multiplier=0.05",
    "--head_channels=8",
    "--input_size=65",
    "--num_steps=20",
    "--batch_size=2",
    "--checkpoint_steps=5",
)
PATIENCE = 300  # Seconds until a run that hangs is given up.


@pytest.fixture(scope="module", name="start")
def _start(launcher, tmp_path_factory):
    """Starts the experiment of a folder; says where its output goes."""
    folder = tmp_path_factory.mktemp("said")

    def start(work_dir):
        output = folder / str(len(list(folder.iterdir())))
        flags = (*TINY, f"--work_dir={work_dir}")
        run = launcher.begin("run_experiment", *flags, output=output)
        return run, output

    return start


@pytest.fixture(scope="module", name="finish")
def _finish(start):
    """Runs the experiment of a folder to its end; returns what it says."""

    def finish(work_dir):
        run, output = start(work_dir)
        try:
            run.wait(PATIENCE)
        finally:
            run.kill()
        said = output.read_text()
        assert run.returncode == 0, said
        return said

    return finish


def kill_in(stage, work_dir, start):
    """Runs the experiment until `stage` is at work, and kills it there."""
    run, _ = start(work_dir)
    try:
        wait_for_work(stage, work_dir, run)
    finally:
        run.kill()
    run.wait(PATIENCE)
    assert run.returncode == -signal.SIGKILL
    record = artifacts.read_json(work_dir / "stages.json")[stage]
    assert not record["done"], f"{stage} was over before the kill"


def wait_for_work(stage, work_dir, run):
    deadline = time.monotonic() + PATIENCE
    while not at_work(stage, work_dir):
        assert run.poll() is None, f"it ended before {stage} was at work"
        assert time.monotonic() < deadline, f"{stage} was never at work"
        time.sleep(0.01)


def at_work(stage, work_dir):
    """Whether there is a checkpoint, or a bar that counts images."""
    if stage.startswith("train_"):
        folder = re.sub(f"_{GUIDE}$", f"/{GUIDE}", stage)[len("train_") :]
        return any((work_dir / folder).glob("checkpoints/*.index"))
    log = work_dir / "logs" / f"{stage}.log"
    return log.exists() and re.search(r"\d/12 ", log.read_text())


def copy_done_before(stage, whole, work_dir):
    """Copies an experiment as it was before `stage` began."""
    shutil.copytree(whole, work_dir)
    later = STAGES[STAGES.index(stage) :]
    records = artifacts.read_json(work_dir / "stages.json")
    kept = {name: records[name] for name in records if name not in later}
    artifacts.write_json(work_dir / "stages.json", kept)
    for name in later:
        (work_dir / "logs" / f"{name}.log").unlink()
        for path in OUTPUTS[name.removesuffix(f"_{GUIDE}")]:
            remove(work_dir / path.format(guide=GUIDE))
    remove(work_dir / "summary.json")
    remove(work_dir / "report.html")


OUTPUTS = {
    "train_seeder": ["seeder"],
    "make_seeds": ["seeds"],
    "train_saliency": ["saliency"],
    "make_saliency": ["saliency_maps"],
    "make_guides": ["guides"],
    "evaluate_guides": ["evaluation/guides_{guide}.json"],
    "train_segmenter": ["segmenter"],
    "segment_images": ["predictions"],
    "evaluate_segmenter": ["evaluation/segmenter_{guide}.json"],
}


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def comparable(work_dir):
    summary = artifacts.read_json(work_dir / "summary.json")
    return {key: summary[key] for key in summary if key != "seconds"}


def label_maps(work_dir):
    """Every map that the stages made, byte for byte."""
    return {
        path.relative_to(work_dir): path.read_bytes()
        for path in work_dir.rglob("[!.]*.png")
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, finish):
    work_dir = tmp_path_factory.mktemp("uninterrupted")
    return work_dir, finish(work_dir)


def test_an_experiment_tells_a_line_a_stage_and_the_report(uninterrupted):
    work_dir, said = uninterrupted
    numbers = re.findall(r"^\[ *(\d)/\d\] (\w+)", said, re.M)
    expected = [(str(i), name) for i, name in enumerate(STAGES, start=1)]
    assert numbers == expected
    assert f"report: {work_dir}/report.html" in said


def test_a_summary_has_scores_of_guides_and_segmenters(uninterrupted):
    summary = artifacts.read_json(uninterrupted[0] / "summary.json")
    assert summary["seconds"].keys() == {*STAGES}
    found = summary["guides"][GUIDE]
    assert 0 <= found["miou"] <= 1
    assert found["fg"].keys() == {"precision", "recall"}
    assert found["images"] == 12
    assert 0 <= summary["segmenters"][GUIDE]["miou"] <= 1


def test_a_report_needs_nothing_but_itself(uninterrupted):
    text = (uninterrupted[0] / "report.html").read_text()
    assert "data:image/" in text
    links = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""", text)
    assert not [link for link in links if not link.startswith(("data:", "#"))]
    assert not re.search(r"https?://|@import|url\(", text)


def test_kills_on_the_way_change_nothing_in_the_end(
    uninterrupted, tmp_path, start, finish
):
    whole, _ = uninterrupted
    work_dir = tmp_path / "killed"
    copy_done_before(KILLED[0], whole, work_dir)
    for stage in KILLED:
        kill_in(stage, work_dir, start)
        assert not (work_dir / "summary.json").exists()
    said = finish(work_dir)
    assert said.count("done before") == STAGES.index(KILLED[-1])
    assert comparable(work_dir) == comparable(whole)
    assert label_maps(work_dir) == label_maps(whole)
    again = finish(work_dir)
    assert again.count("done before") == len(STAGES)
    assert comparable(work_dir) == comparable(whole)
