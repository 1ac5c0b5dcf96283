"""No flag turns a URL into a local folder named "s3:"."""

import pathlib

import programs
import pytest
from absl import flags
from absl.testing import flagsaver

from guided_segmentation.command_line import url_flags
from guided_segmentation.errors import InputError

URL = "s3://bucket/x"
KINDS = ("string", "comma separated list of strings")


def text_flags():
    """Names of this program's flags that take any text; absl has others."""
    return [
        name
        for name in flags.FLAGS
        if flags.FLAGS[name].flag_type() in KINDS
        and not flags.FLAGS.find_module_defining_flag(name).startswith("absl")
    ]


@pytest.mark.parametrize("name", programs.NAMES)
def test_every_flag_takes_a_url_or_refuses_it_in_one_line(name):
    text = (programs.ROOT / "bin" / name).read_text()
    with programs.loaded(name) as program:
        urls = getattr(program, "URLS", ())
        assert ("app.run(main, urls=URLS" in text) == bool(urls)
        assert set(urls) <= set(text_flags())
        for flag in text_flags():
            for value in (URL, f"csv:{URL}"):
                line = refusal(flag, value, urls)
                is_taken = flag in (*urls, *url_flags._NO_FILES)
                assert (line is None) == is_taken, flag
                if line is not None:
                    assert f"--{flag}" in line and URL in line
                    assert "\n" not in line


def refusal(flag, value, urls):
    """The line that refuses a value; None if it is taken."""
    try:
        with flagsaver.as_parsed(**{flag: value}):
            url_flags.check(urls)
    except (flags.IllegalFlagValueError, InputError) as error:
        return str(error)
    return None


def test_photographs_of_the_command_line_are_local():
    message = f"^photographs: wanted a local file or folder, found {URL}; give"
    with pytest.raises(ValueError, match=message):
        url_flags.check((), ["photos", URL])


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("train_saliency", [f"--work_dir={URL}"], "train in a local folder"),
        (
            "make_masks",
            ["--data_dir=/p", "--image_labels=folders", f"--output_dir={URL}"],
            "give a local one",
        ),
    ],
)
def test_a_binary_refuses_a_url_before_it_begins(
    launcher, tmp_path, name, arguments, told
):
    refused = launcher.run_without_tensorflow(name, *arguments)
    (line,) = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert line.startswith(f"error: {arguments[-1].partition('=')[0]}: wanted")
    assert told in line
    assert not pathlib.Path(launcher.cwd, "s3:").exists()


def test_the_documentation_lists_these_flags():
    page = (programs.ROOT / "docs" / "how_to" / "urls.md").read_text()
    for name in programs.NAMES:
        with programs.loaded(name) as program:
            urls = getattr(program, "URLS", ())
        row = f"| `{name}` | {', '.join(f'`{each}`' for each in urls)} |"
        assert (row in page) == bool(urls)


def test_exports_are_of_local_folders_alone():
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir=f"{URL}/maps", export="coco"),
        pytest.raises(
            ValueError,
            match=rf"^--export: wanted local .*found {URL}/maps; copy",
        ),
    ):
        program.mask_flags.check()


def test_boxes_of_msra_are_read_from_a_local_folder():
    with (
        programs.loaded("make_saliency") as program,
        flagsaver.as_parsed(dataset="msra", data_dir=URL),
        pytest.raises(
            ValueError,
            match=rf"^--data_dir: wanted a local .*found {URL}; copy",
        ),
    ):
        program.data_flags.require_data_dir()
