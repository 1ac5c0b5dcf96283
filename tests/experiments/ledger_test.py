"""What is done is not done again, unless its command or its input changed."""

import dataclasses

import pytest
import stages
from stages import OTHER_B, PLAN, A, B, C, D, calls, records

from guided_segmentation.errors import InputError
from guided_segmentation.experiments import ledger, runner
from guided_segmentation.experiments.ledger import Stage


@pytest.fixture
def bin_dir(tmp_path):
    return stages.write_binaries(tmp_path / "bin")


@pytest.fixture
def work_dir(tmp_path):
    return tmp_path / "work"


def test_another_command_runs_again_with_all_that_need_it(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    runner.run([A, OTHER_B, C, D], work_dir, bin_dir)
    assert calls(work_dir) == "abcdxc"
    assert (work_dir / "c" / "text").read_text() == "axc"


def test_what_other_settings_made_is_kept_aside(bin_dir, work_dir, capfd):
    runner.run(PLAN, work_dir, bin_dir)
    runner.run([A, OTHER_B, C, D], work_dir, bin_dir)
    assert (work_dir / "stale" / "second.1" / "text").read_text() == "ab"
    assert (work_dir / "stale" / "third.1" / "text").read_text() == "abc"
    assert "second: its settings changed" in capfd.readouterr().err
    runner.run(PLAN, work_dir, bin_dir)
    assert (work_dir / "stale" / "second.2" / "text").read_text() == "ax"


def test_a_stage_outside_the_plan_is_not_trusted_after_a_change(
    bin_dir, work_dir
):
    runner.run(PLAN, work_dir, bin_dir)
    runner.run([A, OTHER_B], work_dir, bin_dir)
    runner.run([A, OTHER_B, C], work_dir, bin_dir)
    assert (work_dir / "c" / "text").read_text() == "axc"


def test_a_deleted_output_is_made_again_with_all_that_need_it(
    bin_dir, work_dir
):
    runner.run(PLAN, work_dir, bin_dir)
    for path in (work_dir / "a").iterdir():
        path.unlink()
    (work_dir / "a").rmdir()
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir) == "abcdabc"


def test_an_earlier_run_lends_the_stages_that_are_the_same(
    bin_dir, work_dir, tmp_path, capfd
):
    runner.run(PLAN, work_dir, bin_dir)
    other = tmp_path / "other"
    runner.run([A, OTHER_B, C, D], other, bin_dir, reuse_from=work_dir)
    assert calls(other) == "xc"
    assert (other / "c" / "text").read_text() == "axc"
    assert "reused from" in capfd.readouterr().err
    assert records(other)["first"]["reused_from"] == str(work_dir)
    runner.run([A, OTHER_B, C, D], other, bin_dir, reuse_from=work_dir)
    assert calls(other) == "xc"


def test_nothing_is_written_into_the_run_that_lends(
    bin_dir, work_dir, tmp_path
):
    runner.run(PLAN, work_dir, bin_dir)
    other = tmp_path / "other"
    runner.run(PLAN, other, bin_dir, reuse_from=work_dir)
    runner.run([A, OTHER_B, C, D], other, bin_dir)
    assert (work_dir / "b" / "text").read_text() == "ab"
    assert (other / "b" / "text").read_text() == "ax"
    assert calls(work_dir) == "abcd"


def test_a_loan_that_vanished_is_made_again(bin_dir, work_dir, tmp_path):
    runner.run(PLAN, work_dir, bin_dir)
    other = tmp_path / "other"
    runner.run(PLAN, other, bin_dir, reuse_from=work_dir)
    work_dir.rename(tmp_path / "elsewhere")
    runner.run(PLAN, other, bin_dir)
    assert (other / "c" / "text").read_text() == "abc"
    assert calls(other) == "abcd"


def test_a_folder_without_a_run_cannot_lend(bin_dir, work_dir, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no stages.json in .*nothing"):
        runner.run(PLAN, work_dir, bin_dir, reuse_from=tmp_path / "nothing")


def test_a_stage_reads_an_output_by_its_whole_name():
    stage = Stage(
        "s", ("x", "--a={work_dir}/seeds_b", "--b={work_dir}/c/d"), ""
    )
    assert stage.reads("seeds_b")
    assert not stage.reads("seeds")
    assert stage.reads("c")
    assert not stage.reads("d")


def test_a_fingerprint_tells_of_every_stage_before_it():
    before = ledger.fingerprints(PLAN, {})
    after = ledger.fingerprints([A, OTHER_B, C, D], {})
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["second", "third"]


def test_a_fingerprint_tells_of_the_inputs_of_every_stage_before_it():
    before = ledger.fingerprints(PLAN, {"second": {"image_labels": "1"}})
    after = ledger.fingerprints(PLAN, {"second": {"image_labels": "2"}})
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["second", "third"]


def reading(stage, *more):
    command = ("reader", *stage.command[1:], *more)
    return dataclasses.replace(stage, command=command)


def test_an_edited_file_runs_again_from_there_on_and_no_more(
    bin_dir, work_dir, tmp_path, capfd
):
    stages.write_reader(bin_dir)
    tags = tmp_path / "tags.csv"
    tags.write_text("a,cat")
    plan = [A, reading(B, f"--image_labels=csv:{tags}"), C, D]
    runner.run(plan, work_dir, bin_dir)
    tags.write_text("a,dog")
    runner.run(plan, work_dir, bin_dir)
    assert calls(work_dir) == "abcdbc"
    told = capfd.readouterr().err
    assert "second: the content of --image_labels changed; its e" in told
    assert "third: its settings changed, or those of a stage" in told
    runner.run(plan, work_dir, bin_dir)
    assert calls(work_dir) == "abcdbc"


def test_a_loan_of_a_stage_that_its_lender_made_again_is_noticed(
    bin_dir, work_dir, tmp_path
):
    other = tmp_path / "other"
    runner.run(PLAN, work_dir, bin_dir)
    runner.run(PLAN, other, bin_dir, reuse_from=work_dir)
    runner.run([A, OTHER_B, C, D], work_dir, bin_dir)
    message = rf"^stage second was linked from {work_dir}, where it was run aga"
    with pytest.raises(InputError, match=message):
        runner.run(PLAN, other, bin_dir)
    (other / "b").unlink()
    runner.run(PLAN, other, bin_dir)
    assert calls(other) == "bc"
    assert (work_dir / "c" / "text").read_text() == "axc"


def test_a_loan_of_a_stage_that_its_lender_is_making_is_noticed(
    bin_dir, work_dir, tmp_path
):
    other = tmp_path / "other"
    runner.run(PLAN, work_dir, bin_dir)
    runner.run(PLAN, other, bin_dir, reuse_from=work_dir)
    lender = ledger.Ledger(work_dir)
    lender.write("aside", **{**lender.records["aside"], "done": False})
    with pytest.raises(InputError, match=r"^stage aside was linked"):
        runner.run(PLAN, other, bin_dir)
    (other / "d").unlink()
    runner.run(PLAN, other, bin_dir)
    assert calls(other) == "d"


def test_a_reopened_stage_goes_on_and_keeps_what_it_made(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    runner.run(PLAN, work_dir, bin_dir, prepare=lambda all: all.reopen(D.name))
    assert calls(work_dir) == "abcdd"
    assert not (work_dir / "stale").exists()
    before = records(work_dir)
    ledger.Ledger(work_dir).reopen("never begun")
    assert records(work_dir) == before


def test_what_was_made_from_a_reopened_stage_stays(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    runner.run(PLAN, work_dir, bin_dir, prepare=lambda all: all.reopen(A.name))
    assert calls(work_dir) == "abcda"
    assert not (work_dir / "stale").exists()
    assert "reopened" not in records(work_dir)[A.name]


def test_a_reopened_stage_that_was_never_done_is_as_if_stopped(work_dir):
    found = ledger.Ledger(work_dir)
    found.write("first", done=False, seconds=3.0)
    found.reopen("first")
    assert not found.stands("first")
