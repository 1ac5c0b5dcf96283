"""Bad input ends a binary with one line, also from inside a pipeline."""

import errno
import pathlib
import sys
import weakref

import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.command_line import app
from guided_segmentation.datasets import pipeline


def guarded_line(work):
    with pytest.raises(SystemExit) as end:
        app.guarded(lambda argv: work(), ["binary"])
    return end.value.code


def reading(error):
    """Reads one image by a function that raises `error`."""

    def image(image_id):
        raise error

    return lambda: list(pipeline.in_order(["a"], {"image": image}))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a.jpg: no image: at all"), "a.jpg: no image: at all"),
        (FileNotFoundError("no seeds for 'a'"), "no seeds for 'a'"),
        (TypeError("image must return uint8"), "image must return uint8"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/a.png"),
            "[Errno 28] No space left on device: '/a.png'",
        ),
    ],
)
def test_a_stage_tells_its_error_as_it_was(error, line):
    assert guarded_line(reading(error)) == f"error: {line}"


def test_a_stage_tells_the_last_of_a_chain_of_errors():
    def image(image_id):
        try:
            raise OSError("image file is truncated")
        except OSError as error:
            raise ValueError("a.jpg: unreadable image") from error

    line = guarded_line(
        lambda: list(pipeline.in_order(["a"], {"image": image}))
    )
    assert line == "error: a.jpg: unreadable image"


def test_a_compiled_numpy_op_tells_its_error_as_it_was():
    def function(array):
        raise ValueError("image 'a': too dark")

    op = pipeline.numpy_op(function, tf.TensorSpec([], tf.uint8))
    line = guarded_line(lambda: tf.function(op)(tf.constant(1)))
    assert line == "error: image 'a': too dark"


def test_an_error_of_tensorflows_own_loses_its_surroundings():
    line = guarded_line(lambda: tf.reshape(tf.zeros([4]), [2, 3]))
    assert line == (
        "error: Input to reshape is a tensor with 4 values, but the requested "
        "shape has 6"
    )


def test_an_error_in_a_graph_loses_its_surroundings():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def reshape(x):
        return tf.reshape(x, [2, 3])

    line = guarded_line(lambda: reshape(tf.zeros([4])))
    assert line.startswith("error: Input to reshape is a tensor with 4 values")
    assert "\n" not in line


def test_a_wrong_shape_out_of_a_stage_is_told():
    flat = {"image": lambda image_id: np.zeros((2, 2), np.uint8)}
    line = guarded_line(lambda: list(pipeline.in_order(["a"], flat)))
    assert "[2,2] is not compatible with expected shape [?,?,3]" in line


def test_a_mistake_of_the_program_keeps_its_traceback():
    with pytest.raises(KeyError):
        app.guarded(lambda argv: {}["a"], ["binary"])


def test_a_mistake_inside_a_stage_keeps_its_traceback():
    with pytest.raises(
        tf.errors.OpError, match=r"line \d+, in image(.|\n)*KeyE"
    ):
        app.guarded(lambda argv: reading(KeyError("a"))(), ["binary"])


@pytest.mark.parametrize("kind", [OSError, ValueError])
def test_bad_input_lets_go_of_what_was_at_work(kind):
    """A pipeline that Python's end finds at work is waited for forever."""
    left = []

    def work(_):
        at_work = {"a thread"}
        left.append(weakref.ref(at_work))
        raise kind("no")

    with pytest.raises(SystemExit) as end:
        app.guarded(work, ["binary"])
    assert end.value.code == "error: no"
    assert left[0]() is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("runs/seeds", "runs/segmenter"),
        ("runs/guides/g2", "runs/segmenter/g2"),
        ("/runs/evaluation/g2.json", "/runs/segmenter/g2"),
        ("seeds", "segmenter"),
    ],
)
def test_results_of_other_stages_lie_beside(path, expected):
    assert app.beside(path, "segmenter") == pathlib.Path(expected)


@pytest.fixture
def called(monkeypatch):
    """Calls this process as the user calls a binary of that path."""
    return lambda path: monkeypatch.setattr(sys, "argv", [str(path)])


def test_the_end_names_what_was_made_and_the_next_command(capsys, called):
    called("bin/make_seeds")
    app.done("seeds are in s", "make_guides", "--seeds_dir=s", "--split=a b")
    assert capsys.readouterr().err == (
        "done: seeds are in s; next: bin/make_guides --seeds_dir=s "
        "'--split=a b'\n"
    )


def test_the_end_may_have_no_next_command(capsys, called):
    called("bin/segment_images")
    app.done("label maps are in m")
    assert capsys.readouterr().err == "done: label maps are in m\n"


def test_a_binary_on_the_path_is_named_without_its_folder(
    capsys, called, monkeypatch, tmp_path
):
    (tmp_path / "make_guides").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    called(tmp_path / "make_seeds")
    app.done("seeds are in s", "make_guides")
    assert capsys.readouterr().err.endswith("; next: make_guides\n")
