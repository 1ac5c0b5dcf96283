"""Flags of the data reach the readers."""

import pathlib
from unittest import mock

import pytest
from absl.testing import flagsaver
from binary_calls import stand_in
from PIL import Image

from guided_segmentation.command_line import (
    data_flags,
)
from guided_segmentation.datasets import (
    folder,
    msra,
    pascal_voc,
    schema,
    synthetic,
)

SOURCE = schema.Source(name="x", image_ids=("a",), image=None)


@pytest.mark.parametrize(
    ("given", "reader", "told"),
    [
        (
            {"dataset": "synthetic", "data_seed": "3", "num_images": "4"},
            synthetic,
            mock.call("val", num_images=4, seed=3),
        ),
        (
            {"dataset": "pascal_voc", "data_dir": "/d", "image_labels": "xml"},
            pascal_voc,
            mock.call("/d", "val", image_labels="xml"),
        ),
        (
            {
                "dataset": "folder",
                "data_dir": "/d",
                "image_labels": "csv:/c",
                "untagged": "error",
                "truth_dir": "/m",
                "saliency_dir": "/s",
            },
            folder,
            mock.call(
                "/d",
                "csv:/c",
                untagged="error",
                truth_dir="/m",
                without=["/s"],
            ),
        ),
    ],
    ids=["synthetic", "pascal_voc", "folder"],
)
def test_flags_of_data_reach_the_reader(given, reader, told):
    with (
        flagsaver.as_parsed(split="val", **given),
        stand_in(reader, "source", SOURCE) as read,
    ):
        assert data_flags.source() is SOURCE
        assert data_flags.reopened() is SOURCE
    assert read.call_args_list == [told, told]


def test_photographs_alone_need_no_tags():
    with (
        flagsaver.as_parsed(dataset="folder", data_dir="/d"),
        stand_in(folder, "source", SOURCE) as read,
    ):
        assert data_flags.source(only_photographs=True) is SOURCE
        with pytest.raises(
            ValueError,
            match=r"^--dataset=folder wants --image_labels, one of csv:PATH, "
            r"folders, .*, voc:DIR; or --truth_dir$",
        ):
            data_flags.source()
    told = mock.call("/d", None, untagged=None, truth_dir=None, without=[])
    assert read.call_args_list == [told]


def test_flags_of_boxes_reach_their_reader():
    given = {"data_dir": "/d", "exclude_ids": "/e", "only_ids": "/o"}
    with (
        flagsaver.as_parsed(dataset="msra", **given),
        stand_in(msra, "source", SOURCE) as read,
    ):
        assert data_flags.saliency_source() is SOURCE
        assert data_flags.source(only_photographs=True) is SOURCE
        with pytest.raises(
            ValueError,
            match=r"^--dataset=msra has boxes, not image labels; "
            r"bin/train_saliency, bin/make_saliency and "
            r"bin/evaluate_saliency read it$",
        ):
            data_flags.source()
    assert read.call_args == mock.call("/d", exclude_ids="/e", only_ids="/o")


def test_the_flags_that_were_given_go_to_the_next_command():
    given = {"dataset": "pascal_voc", "data_dir": "/d", "split": "val"}
    with flagsaver.as_parsed(**given):
        shared = ["--dataset=pascal_voc", "--data_dir=/d"]
        assert data_flags.given() == shared
        assert data_flags.given(split="test") == [*shared, "--split=test"]


@pytest.fixture
def photographs(tmp_path):
    """Three photographs, a film, and tags of five of them."""
    data_dir = tmp_path / "photographs"
    data_dir.mkdir()
    for name in ("a.jpg", "b.png", "c.webp"):
        Image.new("RGB", (4, 3)).save(data_dir / name)
    (data_dir / "d.mov").write_text("no photograph")
    tags = "image_id,labels\na,cat\nb,cat dog\nc,cat\nd.mov,dog\n"
    (tmp_path / "tags.csv").write_text(tags)
    return flagsaver.as_parsed(
        dataset="folder",
        data_dir=str(data_dir),
        image_labels=f"csv:{tmp_path}/tags.csv",
    )


def test_a_run_opens_with_one_line_that_counts(photographs, capsys, tmp_path):
    with photographs:
        data_flags.source()
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == (
        f"data: folder, 3 images; 20 classes: cat 3, dog 1, 18 in no image; "
        f"passed over: files of other endings: 1 (d.mov), images of "
        f"{tmp_path}/tags.csv without photograph: 1 (d.mov)"
    )
    assert rest == [
        "warning: cat in every image; a classifier cannot learn it without "
        "images that lack it",
        "warning: dog in one image alone; check the spelling, or add images "
        "of it",
    ]


def test_all_unreadable_photographs_are_named_at_once(photographs, tmp_path):
    for name in ("a.jpg", "c.webp"):
        (tmp_path / "photographs" / name).write_text("no image")
    with photographs, pytest.raises(ValueError, match="wanted an image") as bad:
        data_flags.source()
    message = str(bad.value)
    assert message.count("wanted an image, found a file that is none") == 2
    assert "a.jpg" in message
    assert "c.webp" in message


def test_the_largest_photograph_is_a_flag(photographs, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**6)
    with (
        photographs,
        flagsaver.as_parsed(max_pixels="10"),
        pytest.raises(ValueError, match=r"a\.jpg: wanted at most 10 pixels"),
    ):
        data_flags.source()


@pytest.mark.parametrize(
    ("dataset", "folder_of_photographs"),
    [("folder", "."), ("folder", "in/it"), ("pascal_voc", "JPEGImages")],
)
def test_output_among_the_photographs_is_refused(
    tmp_path, dataset, folder_of_photographs
):
    (tmp_path / "JPEGImages").mkdir()
    output_dir = tmp_path / folder_of_photographs
    with flagsaver.as_parsed(dataset=dataset, data_dir=str(tmp_path)):
        outside = "JPEGImages_maps" if dataset == "pascal_voc" else "../maps"
        data_flags.require_outside(str(tmp_path / outside))
        data_flags.require_outside(None)
        with pytest.raises(
            ValueError,
            match=rf"{output_dir.name}: wanted a folder for the output alone, "
            rf"found that of the photographs; choose another, such as .*_maps",
        ):
            data_flags.require_outside(f"{output_dir}/../{output_dir.name}")


@pytest.mark.parametrize(
    "binary", ["make_guides", "make_saliency", "make_seeds"]
)
def test_binaries_that_write_maps_check_where_they_go(binary):
    text = pathlib.Path(__file__).parents[2].joinpath("bin", binary).read_text()
    assert "    data_flags.require_outside(OUTPUT_DIR.value)\n" in text
