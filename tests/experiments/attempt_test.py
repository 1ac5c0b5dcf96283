"""An attempt at a stage tells why it failed, and passes signals on."""

import signal

import pytest
import stages
from stages import PLAN, begin, calls, records, script, wait_for

from guided_segmentation.experiments import attempt, ledger, runner
from guided_segmentation.experiments.ledger import Stage


@pytest.fixture
def bin_dir(tmp_path):
    return stages.write_binaries(tmp_path / "bin")


@pytest.fixture
def work_dir(tmp_path):
    return tmp_path / "work"


def test_a_failure_names_stage_reason_and_log(bin_dir, work_dir):
    stage = script(
        bin_dir,
        "broken",
        """
        import sys
        print("error: an earlier one\\n" + "x" * 9)
        sys.exit("error: no file a.jpg")
        """,
    )
    with pytest.raises(
        ChildProcessError,
        match=r"stage broken failed with exit code 1: error: no file a.jpg; "
        r"its log is .*/logs/broken.log; the same command goes on",
    ):
        runner.run([stage], work_dir, bin_dir)


def test_a_failure_of_an_earlier_attempt_is_not_blamed_again(bin_dir, work_dir):
    stage = script(bin_dir, "broken", "import sys; sys.exit('error: old')")
    with pytest.raises(ChildProcessError, match="error: old"):
        runner.run([stage], work_dir, bin_dir)
    script(bin_dir, "broken", "import sys; sys.exit('quite new')")
    with pytest.raises(ChildProcessError, match="1: quite new;"):
        runner.run([stage], work_dir, bin_dir)
    assert "error: old" in (work_dir / "logs" / "broken.log").read_text()


def test_a_stage_that_dies_by_a_signal_is_told_so(bin_dir, work_dir):
    stage = script(bin_dir, "killed", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ChildProcessError, match="killed was killed by SIGKILL"):
        runner.run([stage], work_dir, bin_dir)


def test_a_stage_that_makes_nothing_has_failed(bin_dir, work_dir):
    stage = script(bin_dir, "idle", "")
    with pytest.raises(
        ChildProcessError, match=r"idle ended well without making .*/out"
    ):
        runner.run([stage], work_dir, bin_dir)


def test_a_missing_binary_is_named(bin_dir, work_dir):
    stage = Stage("none", ("nowhere",), "out")
    with pytest.raises(ChildProcessError, match=r"can't open file .*nowhere"):
        runner.run([stage], work_dir, bin_dir)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", "it said nothing"),
        ("a\nb\n\n", "b"),
        ("  0%|  |\r 50%|# |\rerror: full\n", "error: full"),
        ("ValueError: x\nmore\n", "ValueError: x"),
        ("FATAL Flags parsing error:\n  bad\nPass --help\n",
         "FATAL Flags parsing error: bad"),
        ("CUDA_ERROR_NO_DEVICE\nthe end\n", "the end"),
        ("error:", "error:"),
    ],
)  # fmt: skip
def test_the_last_error_is_the_line_that_tells_why(log, line):
    assert attempt.last_error(log) == line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_leaves_a_state_to_go_on_from(
    number, bin_dir, work_dir
):
    work_dir.mkdir()
    (work_dir / "wait_b").touch()
    run = begin(bin_dir, work_dir)
    wait_for(work_dir / "b" / "begun")
    run.send_signal(number)
    _, said = run.communicate(timeout=120)
    assert f"{number.name} stopped stage second; its log is" in said
    assert not records(work_dir)["second"]["done"]
    (work_dir / "wait_b").unlink()
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir) == "abcd"


def test_a_child_does_not_hear_ctrl_c_itself(bin_dir, work_dir):
    stage = script(
        bin_dir,
        "deaf",
        """
        import pathlib, signal, sys
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        pathlib.Path(sys.argv[1]).touch()
        """,
    )
    before = signal.getsignal(signal.SIGINT)
    runner.run([stage], work_dir, bin_dir)
    assert signal.getsignal(signal.SIGINT) is before


def test_seconds_add_up_over_attempts(bin_dir, work_dir):
    stage = script(bin_dir, "broken", "import sys; sys.exit('error: no')")
    with pytest.raises(ChildProcessError):
        runner.run([stage], work_dir, bin_dir)
    kept = ledger.Ledger(work_dir)
    kept.write("broken", **{**kept.records["broken"], "seconds": 1000.0})
    script(bin_dir, "broken", "import sys; open(sys.argv[1], 'w')")
    runner.run([stage], work_dir, bin_dir)
    assert 1000 < records(work_dir)["broken"]["seconds"] < 1020


def test_seconds_are_noted_while_a_stage_works(bin_dir, work_dir, monkeypatch):
    monkeypatch.setattr(attempt, "_SAVE_SECONDS", 0.0)
    work_dir.mkdir()
    stage = script(
        bin_dir,
        "watcher",
        """
        import json, pathlib, sys, time
        output = pathlib.Path(sys.argv[1])
        while True:
            text = (output.parent / "stages.json").read_text()
            if json.loads(text)["watcher"]["seconds"] > 0:
                break
            time.sleep(0.02)
        output.touch()
        """,
    )
    runner.run([stage], work_dir, bin_dir)
    assert records(work_dir)["watcher"]["done"]


def test_what_a_stage_says_goes_to_its_log(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    command, said = (work_dir / "logs" / "second.log").read_text().splitlines()
    assert command.endswith(f"writer {work_dir}/b b {work_dir}/a")
    assert said == "working on b"
