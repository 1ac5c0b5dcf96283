"""The line of a stage changes on a terminal and is plain elsewhere."""

import io
import os
import sys

from guided_segmentation.experiments import terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_file_gets_the_beginning_and_the_end_of_a_line(capsys):
    line = terminal.ProgressLine("[1/2] seeds")
    line.show("half of it")
    line.end("3 s")
    assert capsys.readouterr().err == "[1/2] seeds  3 s\n"


def test_a_terminal_gets_one_line_that_fits(monkeypatch):
    written = Terminal()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(
        terminal.shutil,
        "get_terminal_size",
        lambda *_, **__: os.terminal_size((20, 5)),
    )
    line = terminal.ProgressLine("[1/2] seeds")
    line.show("a long progress bar")
    line.end("3 s")
    assert written.getvalue().split("\r\x1b[K") == [
        "",
        "[1/2] seeds  a long",
        "[1/2] seeds  3 s\n",
    ]
