"""Stages run once, in order, however often they are killed on the way."""

import pytest
import stages
from stages import PLAN, A, D, begin, calls, records, script, wait_for

from guided_segmentation.experiments import runner
from guided_segmentation.experiments.ledger import Stage


@pytest.fixture
def bin_dir(tmp_path):
    return stages.write_binaries(tmp_path / "bin")


@pytest.fixture
def work_dir(tmp_path):
    return tmp_path / "work"


def test_stages_run_in_order_with_the_work_dir_filled_in(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir) == "abcd"
    assert (work_dir / "c" / "text").read_text() == "abc"


def test_there_is_one_line_a_stage(bin_dir, work_dir, capfd):
    runner.run(PLAN, work_dir, bin_dir)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["[", "1/4]", "first"],
        ["[", "2/4]", "second"],
        ["[", "3/4]", "third"],
        ["[", "4/4]", "aside"],
    ]
    assert all(line.endswith(" s") for line in lines)


def test_done_stages_are_skipped_and_say_so(bin_dir, work_dir, capfd):
    runner.run(PLAN, work_dir, bin_dir)
    capfd.readouterr()
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir) == "abcd"
    assert capfd.readouterr().err.count("done before") == 4


def test_stages_before_a_failure_stay_done(bin_dir, work_dir):
    broken = script(bin_dir, "broken", "import sys; sys.exit('error: no')")
    with pytest.raises(ChildProcessError):
        runner.run([A, broken, D], work_dir, bin_dir)
    assert {name: each["done"] for name, each in records(work_dir).items()} == {
        "first": True,
        "broken": False,
    }


@pytest.mark.parametrize("letter", "abcd")
def test_a_run_killed_in_any_stage_goes_on_to_the_same_end(
    letter, bin_dir, work_dir
):
    work_dir.mkdir()
    (work_dir / f"wait_{letter}").touch()
    run = begin(bin_dir, work_dir)
    wait_for(work_dir / letter / "begun")
    run.kill()
    run.communicate()
    (work_dir / f"wait_{letter}").unlink()  # The orphan comes to its end.
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir).replace(letter * 2, letter) == "abcd"
    assert (work_dir / "c" / "text").read_text() == "abc"
    assert all(each["done"] for each in records(work_dir).values())


def calls_so_far(work_dir):
    path = work_dir / "calls"
    return path.read_text() if path.exists() else ""


def test_a_stage_that_outlived_a_kill_is_waited_for(bin_dir, work_dir):
    work_dir.mkdir()
    (work_dir / "wait_a").touch()
    first = begin(bin_dir, work_dir)
    wait_for(work_dir / "a" / "begun")
    first.kill()
    first.communicate()
    second = begin(bin_dir, work_dir)
    # Libraries may print lines of their own first.
    assert any("is in use by another run" in line for line in second.stderr)
    assert calls_so_far(work_dir) == ""
    (work_dir / "wait_a").unlink()
    second.communicate(timeout=120)
    assert calls(work_dir) == "aabcd"


CHECKER = """
    import sys
    assert sys.argv[-1] == "--only_check_args"
    with open(sys.argv[1] + "_asked", "a") as asked:
        asked.write("?")
    if "--wrong" in sys.argv:
        sys.exit("FATAL Flags parsing error:\\n  Unknown flag 'wrong'\\nsee")
"""


def test_flags_are_checked_before_others_work(bin_dir, work_dir):
    work_dir.mkdir()
    script(bin_dir, "checker", CHECKER)
    good = [
        Stage("k", ("checker", "{work_dir}/k"), "k"),
        Stage("l", ("checker", "{work_dir}/l"), "l"),
    ]
    runner.check_flags([A, *good], work_dir, bin_dir)
    assert [path.name for path in work_dir.iterdir()] == ["k_asked"]
    bad = Stage("m", ("checker", "{work_dir}/m", "--wrong"), "m")
    with pytest.raises(ValueError) as raised:
        runner.check_flags([A, bad], work_dir, bin_dir)
    assert str(raised.value) == (
        "stage m would fail: FATAL Flags parsing error: Unknown flag 'wrong'"
    )


def test_flags_of_the_next_stage_and_of_those_done_are_not_checked(
    bin_dir, work_dir
):
    runner.run([A], work_dir, bin_dir)
    bad = script(bin_dir, "checker", CHECKER)
    runner.check_flags([A, bad], work_dir, bin_dir)
    assert not list(work_dir.glob("*_asked"))
