"""The line of a stage changes on a terminal and is plain elsewhere."""

import os
import sys

import pytest

from guided_segmentation.experiments import terminal


def test_a_file_gets_the_beginning_and_the_end_of_a_line(capsys):
    line = terminal.ProgressLine("[1/2] seeds")
    line.show("half of it")
    line.end("3 s")
    assert capsys.readouterr().err == "[1/2] seeds  3 s\n"


@pytest.fixture
def on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(
        terminal.shutil, "get_terminal_size", lambda: os.terminal_size((20, 5))
    )


def test_a_terminal_gets_one_line_that_fits(on_a_terminal, capsys):
    line = terminal.ProgressLine("[1/2] seeds")
    line.show("a long progress bar")
    line.end("3 s")
    assert capsys.readouterr().err.split("\r\x1b[K") == [
        "",
        "[1/2] seeds  a long"[:19],
        "[1/2] seeds  3 s\n",
    ]
