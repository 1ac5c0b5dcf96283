"""Bad input ends a binary with one line, also from inside a pipeline."""

import errno
import pathlib
import sys
import weakref
from unittest import mock

import pytest
import tensorflow as tf
from absl import app as absl_app
from absl.testing import flagsaver
from PIL import UnidentifiedImageError

from guided_segmentation.command_line import app
from guided_segmentation.datasets import pipeline
from guided_segmentation.errors import InputError


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
        (InputError("a.jpg: no image: at all"), "a.jpg: no image: at all"),
        (InputError("two are bad\na: x\nb: y"), "two are bad\na: x\nb: y"),
        (FileNotFoundError("no seeds for 'a'"), "no seeds for 'a'"),
        (UnidentifiedImageError("not a picture"), "not a picture"),
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
            raise InputError("a.jpg: unreadable image") from error

    line = guarded_line(
        lambda: list(pipeline.in_order(["a"], {"image": image}))
    )
    assert line == "error: a.jpg: unreadable image"


def test_a_compiled_numpy_op_tells_its_error_as_it_was():
    def function(array):
        raise InputError("image 'a': too dark")

    op = pipeline.numpy_op(function, tf.TensorSpec([], tf.uint8))
    line = guarded_line(lambda: tf.function(op)(tf.constant(1)))
    assert line == "error: image 'a': too dark"


def test_a_file_that_tensorflow_does_not_find_is_told_in_one_line(tmp_path):
    line = guarded_line(lambda: tf.io.read_file(str(tmp_path / "no")))
    assert line == f"error: {tmp_path}/no; No such file or directory"


def test_a_damaged_file_is_told_in_one_line(tmp_path):
    (tmp_path / "records").write_bytes(b"no record at all")
    files = [str(tmp_path / "records")]
    line = guarded_line(lambda: list(tf.data.TFRecordDataset(files)))
    assert line.startswith("error: ") and "\n" not in line
    assert "corrupted record" in line


@tf.function(input_signature=[tf.TensorSpec([None])])
def reshape(x):
    return tf.reshape(x, [2, 3])


@pytest.mark.parametrize(
    ("work", "last"),
    [
        (lambda: {}["a"], "KeyError: 'a'"),
        (lambda: int("a"), "ValueError: invalid literal for int()"),
        (lambda: reshape(tf.zeros([4])), "values, but the requested shape"),
        (reading(KeyError("a")), "KeyError: 'a'"),
        (reading(ValueError("a sum is wrong")), "ValueError: a sum is wrong"),
        (reading(TypeError("must be uint8")), "TypeError: must be uint8"),
        (reading(AssertionError()), "AssertionError"),
    ],
    ids=lambda value: "" if callable(value) else value,
)
def test_a_mistake_of_the_program_keeps_its_traceback(capsys, work, last):
    assert guarded_line(work) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):\n")
    assert f'File "{__file__}", line ' in told
    assert last in told


def test_debug_shows_the_traceback_of_bad_input(capsys):
    with flagsaver.flagsaver((app.DEBUG, True)):
        assert guarded_line(reading(InputError("too dark"))) == (
            "error: too dark"
        )
        assert "in image\n" in capsys.readouterr().err
        with pytest.raises(SystemExit, match=r"^error: no$"):
            app.guarded(mock.Mock(side_effect=InputError("no")), ["binary"])
        assert "Traceback (most recent" in capsys.readouterr().err


def test_arguments_that_are_no_flags_are_an_error():
    with pytest.raises(SystemExit, match=r"wanted flags only, found 'a b'"):
        app.guarded(lambda argv: None, ["binary", "a", "b"])


def test_a_binary_may_take_arguments_that_are_no_flags():
    taken = []
    app.guarded(taken.append, ["binary", "a", "b"], takes_arguments=True)
    assert taken == [["binary", "a", "b"]]


def test_errors_of_usage_are_left_to_absl():
    with pytest.raises(absl_app.UsageError):
        app.guarded(mock.Mock(side_effect=absl_app.UsageError("a")), ["binary"])


@pytest.mark.parametrize("kind", [OSError, InputError, ValueError])
def test_errors_free_what_was_at_work(kind):
    """A pipeline that Python's end finds at work is waited for forever."""
    left = []

    def work(_):
        at_work = {"a thread"}
        left.append(weakref.ref(at_work))
        raise kind("no")

    with pytest.raises(SystemExit) as end:
        app.guarded(work, ["binary"])
    assert end.value.code == (1 if kind is ValueError else "error: no")
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
