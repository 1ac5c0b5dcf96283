"""bin/make_guides: its flags and bad input."""

import errno
from unittest import mock

import numpy as np
import pytest
from binary_calls import (
    FEW,
    GUIDE_FLAGS,
    assert_ends_well,
    assert_labelled_as_told,
    calling,
    classifying,
    stand_in,
)
from damaged_data import (
    IDS,
    RNG,
    SIZE,
    assert_whole,
    colour_seeds,
    colour_truth,
    error_of,
    forget_saliency,
    forget_seeds,
    forget_truth,
    invent_seeded_class,
    invent_true_class,
    leave_as_it_is,
    list_nothing,
    list_unknown,
    put_colours_in_saliency,
    put_text_in_photograph,
    remove_data,
    shrink_seeds,
    shrink_truth,
    truncate_photograph,
)
from PIL import Image

from guided_segmentation import (
    artifacts,
)
from guided_segmentation.guides import labelling


@pytest.fixture
def guides_dir(tmp_path):
    return tmp_path / "guides"


@pytest.fixture
def make_guides(launcher, voc, guides_dir):
    def call(*arguments, **more):
        return launcher.run(
            "make_guides",
            "--dataset=pascal_voc",
            f"--data_dir={voc.root}",
            f"--seeds_dir={voc.root}/seeds",
            f"--saliency_dir={voc.root}/saliency",
            f"--output_dir={guides_dir}",
            *arguments,
            **more,
        )

    return call


def test_flags_reach_what_make_guides_calls(launcher, capsys):
    with calling(
        "make_guides",
        stand_in(labelling, "labeller", "label"),
        stand_in(labelling, "make_guides"),
        *classifying(),
        **FEW,
        **GUIDE_FLAGS,
        output_dir="/o",
    ) as (labeller, make_guides, *classifier):
        pass
    assert_labelled_as_told(labeller, *classifier)
    source = labeller.call_args.args[1]
    assert make_guides.call_args == mock.call("label", source, "/o")
    assert_ends_well(
        launcher, capsys.readouterr().err, "guides of 2 images are in /o"
    )


def test_good_input_gives_guides(make_guides, guides_dir):
    done = make_guides()
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in guides_dir.iterdir()} == {
        *IDS,
        "inputs",
        "settings",
    }
    assert_whole(guides_dir)


def test_guides_of_seeds_that_changed_are_refused(make_guides, guides_dir, voc):
    assert make_guides().returncode == 0
    voc.write_map("seeds", IDS[1], np.zeros(SIZE, np.uint8))
    assert error_of(make_guides()) == (
        f"error: {guides_dir}: the seeds of 1 images changed since it was "
        f"made, the first is '{IDS[1]}'; choose another folder, or delete the "
        f"files of these images"
    )
    (guides_dir / f"{IDS[1]}.png").unlink()
    assert make_guides().returncode == 0


def test_other_guides_are_not_taken_for_these(make_guides, guides_dir):
    make_guides()
    before = {path: path.read_bytes() for path in guides_dir.iterdir()}
    line = error_of(make_guides("--guide=full"))
    assert line == (
        f"error: {guides_dir} was begun with guide = 'g2', "
        f"now it is 'full'; "
        f"choose another folder, or delete this one"
    )
    assert before == {path: path.read_bytes() for path in guides_dir.iterdir()}


def test_the_true_label_maps_need_no_annotations(make_guides, voc, guides_dir):
    assert not (voc.root / "Annotations").exists()
    line = error_of(make_guides("--guide=g2", "--image_labels=xml"))
    assert "Annotations" in line
    done = make_guides("--guide=full", "--image_labels=xml")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in guides_dir.glob("*.png")} == {*IDS}


DAMAGE = [
    (remove_data, (), ["no folder JPEGImages in"]),
    (leave_as_it_is, ["--split=trian"], ["no split 'trian'", "train"]),
    (list_unknown, (), ["2007_999999", "have no photograph"]),
    (list_nothing, (), ["train.txt", "wanted one image id per line"]),
    (put_text_in_photograph, (), [f"{IDS[1]}.jpg", "a file that is none"]),
    (truncate_photograph, (), [f"{IDS[1]}.jpg", "unreadable image"]),
    (shrink_truth, (), [f"{IDS[1]}.png", "(96, 128)", "(9, 9)"]),
    (shrink_seeds, (), [IDS[1], "(96, 128)", "(9, 9)"]),
    (colour_truth, (), [f"{IDS[1]}.png", "found colours (mode RGB)"]),
    (colour_seeds, (), [f"seeds/{IDS[1]}.png", "found colours (mode RGB)"]),
    (invent_true_class, (), [f"{IDS[1]}.png", "21"]),
    (invent_seeded_class, (), [f"seeds/{IDS[1]}.png", "77"]),
    (forget_seeds, (), [IDS[1], "bin/make_seeds"]),
    (forget_saliency, (), [IDS[1], "bin/make_saliency"]),
    (forget_truth, (), [f"no label map {IDS[1]}.png"]),
    (put_colours_in_saliency, (), [IDS[1], "wanted a saliency map"]),
    (leave_as_it_is, ["--data_dir="], ["no folder JPEGImages"]),
    (leave_as_it_is, ["stray"], ["wanted flags only, found 'stray'"]),
    (leave_as_it_is, ["--image_labels=csv:no.csv"], ["no file no.csv"]),
    (leave_as_it_is, ["--dataset=msra"], ["has boxes, not image labels"]),
    (leave_as_it_is, ["--dataset=folder"], ["--image_labels, one of csv:"]),
]


@pytest.mark.parametrize(
    ("damage", "arguments", "told"),
    DAMAGE,
    ids=[
        "_".join([damage.__name__, *arguments])
        for damage, arguments, _ in DAMAGE
    ],
)
def test_bad_input_gives_one_clear_line(
    make_guides, voc, guides_dir, damage, arguments, told
):
    damage(voc)
    line = error_of(make_guides(*arguments))
    assert not [text for text in told if text not in line], line
    assert_whole(guides_dir)
    assert {path.stem for path in guides_dir.glob("*.png")} <= {IDS[0]}


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P"])
def test_photographs_of_other_modes_are_converted(
    make_guides, voc, guides_dir, mode
):
    path = voc.photograph(IDS[1])
    image = Image.open(path).convert(mode)
    image.save(path, "JPEG" if mode in ("L", "CMYK") else "PNG")
    done = make_guides()
    assert done.returncode == 0, done.stderr
    assert (guides_dir / f"{IDS[1]}.png").exists()
    assert_whole(guides_dir)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--guide=g9", "value should be one of <seeds_only|g0|g1|"),
        (
            "--seed_min_area=25",
            "wanted an area in whole pixels such as 25px, or as a fraction of "
            "the image from 0 to below 1 such as 0.01; found '25'",
        ),
        ("--seed_min_are=1", "Unknown command line flag 'seed_min_are'"),
    ],
)
def test_a_wrong_flag_is_told_by_absl(make_guides, argument, told):
    done = make_guides(argument)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_flag_is_told_by_absl(launcher):
    done = launcher.run("make_guides")
    assert done.returncode == 1
    assert "--output_dir" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_told_with_the_file(make_guides, voc, guides_dir):
    noise = RNG.integers(0, 2, SIZE, np.uint8)  # 1.5 kB of it as a PNG.
    voc.write_map("SegmentationClassAug", IDS[1], noise)
    limit = len(artifacts.encode_label_map(noise)) - 1
    line = error_of(make_guides("--guide=full", file_limit=limit))
    assert line == (
        f"error: [Errno {errno.EFBIG}] File too large: "
        f"'{guides_dir}/{IDS[1]}.png'"
    )
    assert {path.stem for path in guides_dir.glob("*.png")} == {IDS[0]}
    assert not list(guides_dir.glob(".*"))
    assert_whole(guides_dir)
