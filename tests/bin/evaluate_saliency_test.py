"""bin/evaluate_saliency: its flags and bad input."""

from unittest import mock

import numpy as np
import pytest
from binary_calls import FEW, assert_ends_well, calling, half_right, stand_in
from damaged_data import (
    IDS,
    SIZE,
    error_of,
    forget_all_truth,
    forget_saliency,
    forget_truth,
    ignore_all_truth,
    invent_true_class,
    leave_as_it_is,
    put_colours_in_saliency,
    put_text_in_saliency,
    rename_saliency,
    shrink_saliency,
    shrink_truth,
)
from PIL import Image

from guided_segmentation import (
    artifacts,
)
from guided_segmentation.datasets import (
    layouts,
    object_masks,
    synthetic,
)
from guided_segmentation.evaluation import (
    folders,
)
from guided_segmentation.report import figures


@pytest.fixture
def evaluate_saliency(launcher, voc, tmp_path):
    def call(*arguments):
        return launcher.run(
            "evaluate_saliency",
            "--dataset=pascal_voc",
            f"--data_dir={voc.root}",
            f"--saliency_dir={voc.root}/saliency",
            f"--output={tmp_path}/scores.json",
            *arguments,
        )

    return call


def test_flags_reach_what_evaluate_saliency_calls(tmp_path, capsys):
    other = {"source": "synthetic/train", "mae": 0.25, "curve": {}}
    artifacts.write_json(tmp_path / "other.json", other)
    with calling(
        "evaluate_saliency",
        stand_in(folders, "saliency", half_right()),
        stand_in(figures, "saliency_curves"),
        mock.patch.object(
            object_masks, "with_truth", side_effect=lambda opened, _: opened
        ),
        **FEW,
        saliency_dir="/m",
        output=f"{tmp_path}/maps.json",
        compare=f"{tmp_path}/other.json",
        object_masks_dir="/t",
    ) as (saliency, draw, truth):
        pass
    shown = capsys.readouterr()
    source, folder = saliency.call_args.args
    assert (source.name, folder) == ("synthetic/train", "/m")
    assert truth.call_args == mock.call(source, "/t")
    written = artifacts.read_json(tmp_path / "maps.json")
    assert (written["iou"], written["saliency_dir"]) == (0.5, "/m")
    assert written["curve"]["recall"] == [1.0] + [0.5] * 255
    drawn, path = draw.call_args.args
    assert drawn == {
        f"{tmp_path}/other.json": other,
        f"{tmp_path}/maps.json": written,
    }
    assert path == tmp_path / "maps.png"
    told = "IoU 50.0  IoU>0.6 0.0  MAE 50.0  max F 100.0"
    assert told in shown.out
    assert shown.err.endswith(
        f"done: scores of the saliency maps of 2 images are in "
        f"{tmp_path}/maps.json, the curve in {tmp_path}/maps.png\n"
    )


def test_saliency_of_drawn_scenes_is_scored_and_drawn(launcher, tmp_path):
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        true = np.isin(source.label_map(image_id), [0, 255], invert=True)
        grey = np.full(true.shape, 0.4)
        for name, saliency_map in {"true": true, "grey": grey}.items():
            path = tmp_path / name / f"{image_id}.png"
            artifacts.write_saliency_map(path, saliency_map)
    for name, compare in {"true": "", "grey": f"{tmp_path}/true.json"}.items():
        done = launcher.run(
            "evaluate_saliency",
            "--num_images=3",
            f"--saliency_dir={tmp_path}/{name}",
            f"--compare={compare}",
            f"--output={tmp_path}/{name}.json",
        )
        assert done.returncode == 0, done.stderr
    true, grey = (
        artifacts.read_json(tmp_path / f"{name}.json")
        for name in ("true", "grey")
    )
    assert (true["iou"], true["mae"], true["max_f"]) == (1, 0, 1)
    # An even map is salient everywhere: half of its own maximum is below it.
    assert grey["recall"] == 1
    assert 0 < grey["iou"] < 0.5
    assert grey["iou"] == pytest.approx(grey["precision"])
    assert grey["mae"] == pytest.approx(1 - grey["precision"])
    assert 0 < grey["max_f"] < 1
    assert (tmp_path / "grey.png").read_bytes()[1:4] == b"PNG"


@pytest.fixture
def photographs(tmp_path):
    """Two photographs in MSRA's layout, and saliency maps of 0 and 100."""
    lines = ["2"]
    for name in ("a", "b"):
        path = tmp_path / "msra" / "Image" / "0" / f"{name}.jpg"
        layouts.write_photograph(path, np.zeros((4, 8, 3), np.uint8))
        lines += [rf"0\{name}.jpg", "8 4", "0 0 4 4;"]
        halves = np.zeros((4, 8), np.uint8)
        halves[:, :4] = 100
        write_grey(tmp_path / "maps" / f"{name}.png", halves)
    user_data = "\n".join(lines).encode()
    artifacts.write_bytes(tmp_path / "msra" / "UserData" / "0.txt", user_data)
    return tmp_path


def write_grey(path, levels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(levels).save(path)


def write_masks(folder, maximum):
    """The left half in `a`, the left quarter in `b`."""
    for name, width in {"a": 4, "b": 2}.items():
        mask = np.zeros((4, 8), np.uint8)
        mask[:, :width] = maximum
        write_grey(folder / f"{name}.png", mask)


def score_msra(launcher, folder, *arguments):
    return launcher.run(
        "evaluate_saliency",
        "--dataset=msra",
        f"--data_dir={folder}/msra",
        f"--saliency_dir={folder}/maps",
        f"--output={folder}/scores.json",
        *arguments,
    )


@pytest.mark.parametrize("maximum", [1, 100, 255])
def test_photographs_of_msra_are_scored_by_masks(
    launcher, photographs, maximum
):
    write_masks(photographs / "truth", maximum)
    done = score_msra(
        launcher, photographs, f"--object_masks_dir={photographs}/truth"
    )
    assert done.returncode == 0, done.stderr
    assert "data: msra, 2 images" in done.stderr
    assert "; next:" not in done.stderr
    scores = artifacts.read_json(photographs / "scores.json")
    assert scores["iou"] == pytest.approx((1 + 1 / 2) / 2)
    assert scores["object_masks_dir"] == f"{photographs}/truth"


def test_photographs_of_msra_may_have_their_masks_beside_them(
    launcher, photographs
):
    done = score_msra(launcher, photographs)
    assert error_of(done) == (
        f"error: wanted --object_masks_dir, or a folder masks beside Image in "
        f"{photographs}/msra, to score msra against; found neither"
    )
    write_masks(photographs / "msra" / "masks", 1)
    assert score_msra(launcher, photographs).returncode == 0
    scores = artifacts.read_json(photographs / "scores.json")
    assert scores["iou"] == pytest.approx(3 / 4)


def test_guides_come_after_the_scores_of_a_split(tmp_path, capsys, launcher):
    with calling(
        "evaluate_saliency",
        stand_in(folders, "saliency", half_right()),
        stand_in(figures, "saliency_curves"),
        **FEW,
        saliency_dir="/m",
        output=f"{tmp_path}/maps.json",
        compare="",
        object_masks_dir="",
    ):
        pass
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        f"scores of the saliency maps of 2 images are in {tmp_path}/maps.json, "
        f"the curve in {tmp_path}/maps.png",
    )


def test_good_saliency_gives_scores_and_a_figure(evaluate_saliency, tmp_path):
    done = evaluate_saliency()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("scores.*")} == {
        "scores.json",
        "scores.png",
    }


SALIENCY_DAMAGE = [
    (rename_saliency, (), ["/saliency has no file for 2 of 2 images"]),
    (forget_saliency, (), ["/saliency has no file for 1 of 2", IDS[1]]),
    (
        shrink_saliency,
        (),
        [f"/saliency/{IDS[1]}.png: truth and saliency", SIZE, (9, 9)],
    ),
    (put_text_in_saliency, (), [f"{IDS[1]}.png", "a file that is none"]),
    (put_colours_in_saliency, (), [f"{IDS[1]}.png", "wanted a saliency map"]),
    (shrink_truth, (), [f"SegmentationClassAug/{IDS[1]}.png", (9, 9), SIZE]),
    (invent_true_class, (), [f"{IDS[1]}.png", 21]),
    (forget_truth, (), [f"no label map {IDS[1]}.png"]),
    (forget_all_truth, ["--image_labels=csv:{csv}"], ["no true label maps"]),
    (ignore_all_truth, (), ["nothing to score: none of 2 images"]),
    (leave_as_it_is, ["--split=trian"], ["no split 'trian'"]),
    (leave_as_it_is, ["--dataset=msra"], ["no UserData/*.txt in"]),
    (
        leave_as_it_is,
        ["--object_masks_dir=nowhere"],
        ["nowhere: wanted a mask <image_id>.png of each of 2", IDS[0]],
    ),
    (
        leave_as_it_is,
        ["--output={csv}"],
        ["--output: wanted a name in .json, found", "labels.csv"],
    ),
    (leave_as_it_is, ["--compare=no.json"], ["no file no.json"]),
]


@pytest.mark.parametrize(
    ("damage", "arguments", "told"),
    SALIENCY_DAMAGE,
    ids=[
        "_".join([damage.__name__, *arguments])
        for damage, arguments, _ in SALIENCY_DAMAGE
    ],
)
def test_bad_saliency_is_not_scored(
    evaluate_saliency, voc, tmp_path, damage, arguments, told
):
    csv = tmp_path / "labels.csv"
    rows = ["image_id,labels", *(f"{i},aeroplane" for i in IDS)]
    csv.write_text("\n".join(rows))
    damage(voc)
    line = error_of(evaluate_saliency(*(a.format(csv=csv) for a in arguments)))
    assert not [text for text in told if str(text) not in line], line
    assert not list(tmp_path.glob("scores.*"))


def test_saliency_of_no_folder_is_not_scored(launcher, tmp_path):
    done = launcher.run("evaluate_saliency", f"--output={tmp_path}/scores.json")
    assert error_of(done) == (
        "error: wanted --saliency_dir, a folder of saliency maps such as "
        "bin/make_saliency writes; found none"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ({"miou": 0.5, "source": "pascal_voc/train"}, "something else"),
        (
            {"mae": 0.5, "curve": {}, "source": "pascal_voc/val"},
            "those on pascal_voc/val",
        ),
    ],
)
def test_saliency_is_compared_with_saliency_of_the_same_images(
    evaluate_saliency, tmp_path, scores, found
):
    artifacts.write_json(tmp_path / "other.json", scores)
    done = evaluate_saliency(f"--compare={tmp_path}/other.json")
    assert error_of(done) == (
        f"error: {tmp_path}/other.json: wanted scores of bin/evaluate_saliency "
        f"on pascal_voc/train, found {found}"
    )
    assert not list(tmp_path.glob("scores.*"))
