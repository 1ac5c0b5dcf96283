"""Stages run once, in order, however often they are killed on the way."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from guided_segmentation.experiments import ledger, runner
from guided_segmentation.experiments.ledger import Stage

# Appends a letter to its output; waits while there is a file that says so.
WRITER = """
import pathlib, sys, time
output, letter, *inputs = sys.argv[1:]
path = pathlib.Path(output)
path.mkdir(parents=True, exist_ok=True)
print(f"working on {letter}", flush=True)
(path / "begun").write_text(letter)
while (path.parent / f"wait_{letter}").exists():
    time.sleep(0.02)
text = "".join(pathlib.Path(each, "text").read_text() for each in inputs)
(path / "text").write_text(text + letter)
with (path.parent / "calls").open("a") as calls:
    calls.write(letter)
"""
A = Stage("first", ("writer", "{work_dir}/a", "a"), "a")
B = Stage(
    "second", ("writer", "{work_dir}/b", "b", "{work_dir}/a"), "b", ("first",)
)
C = Stage(
    "third", ("writer", "{work_dir}/c", "c", "{work_dir}/b"), "c", ("second",)
)
D = Stage("aside", ("writer", "{work_dir}/d", "d"), "d")
PLAN = [A, B, C, D]
OTHER_B = Stage(
    "second", ("writer", "{work_dir}/b", "x", "{work_dir}/a"), "b", ("first",)
)


@pytest.fixture
def bin_dir(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "writer").write_text(WRITER)
    return folder


@pytest.fixture
def work_dir(tmp_path):
    return tmp_path / "work"


def script(bin_dir, name, text):
    (bin_dir / name).write_text(textwrap.dedent(text))
    return Stage(name, (name, "{work_dir}/out"), "out")


def calls(work_dir):
    return (work_dir / "calls").read_text()


def records(work_dir):
    return json.loads((work_dir / "stages.json").read_text())


def begin(bin_dir, work_dir, *names):
    """Starts a run of PLAN in a process of its own."""
    program = (
        "import sys, tests_plan as t;"
        "from guided_segmentation.experiments import runner;"
        "runner.run(t.PLAN, *sys.argv[1:])"
    )
    (bin_dir / "tests_plan.py").write_text(
        "from guided_segmentation.experiments.ledger import Stage\n"
        f"PLAN = {PLAN!r}\n"
    )
    root = pathlib.Path(runner.__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", program, work_dir, bin_dir],
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{bin_dir}"},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


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


def test_what_a_stage_says_goes_to_its_log(bin_dir, work_dir):
    runner.run(PLAN, work_dir, bin_dir)
    command, said = (work_dir / "logs" / "second.log").read_text().splitlines()
    assert command.endswith(f"writer {work_dir}/b b {work_dir}/a")
    assert said == "working on b"


def test_done_stages_are_skipped_and_say_so(bin_dir, work_dir, capfd):
    runner.run(PLAN, work_dir, bin_dir)
    capfd.readouterr()
    runner.run(PLAN, work_dir, bin_dir)
    assert calls(work_dir) == "abcd"
    assert capfd.readouterr().err.count("done before") == 4


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


def test_stages_before_a_failure_stay_done(bin_dir, work_dir):
    broken = script(bin_dir, "broken", "import sys; sys.exit('error: no')")
    with pytest.raises(ChildProcessError):
        runner.run([A, broken, D], work_dir, bin_dir)
    assert {name: each["done"] for name, each in records(work_dir).items()} == {
        "first": True,
        "broken": False,
    }


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
    assert runner.last_error(log) == line


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


def test_a_stage_that_outlived_a_kill_is_waited_for(bin_dir, work_dir):
    work_dir.mkdir()
    (work_dir / "wait_a").touch()
    first = begin(bin_dir, work_dir)
    wait_for(work_dir / "a" / "begun")
    first.kill()
    first.communicate()
    second = begin(bin_dir, work_dir)
    assert "is in use by another run" in second.stderr.readline()
    assert calls_so_far(work_dir) == ""
    (work_dir / "wait_a").unlink()
    second.communicate(timeout=20)
    assert calls(work_dir) == "aabcd"


def calls_so_far(work_dir):
    path = work_dir / "calls"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_leaves_a_state_to_go_on_from(
    number, bin_dir, work_dir
):
    work_dir.mkdir()
    (work_dir / "wait_b").touch()
    run = begin(bin_dir, work_dir)
    wait_for(work_dir / "b" / "begun")
    run.send_signal(number)
    _, said = run.communicate(timeout=20)
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
    monkeypatch.setattr(runner, "_SAVE_SECONDS", 0.0)
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
    before = ledger.fingerprints(PLAN)
    after = ledger.fingerprints([A, OTHER_B, C, D])
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["second", "third"]


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
