"""bin/evaluate_seeds: its flags and bad input."""

from unittest import mock

import numpy as np
import programs
import pytest
from binary_calls import (
    FEW,
    SEEDING,
    VIEWS,
    assert_ends_well,
    calling,
    stand_in,
    trained,
)
from damaged_data import IDS, error_of

from guided_segmentation import (
    artifacts,
    labels,
)
from guided_segmentation.command_line import network_flags
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.evaluation import (
    seed_curves,
)
from guided_segmentation.report import figures
from guided_segmentation.seeders import (
    cam,
    center_mean_shape,
)

CURVE = {"precision": [1.0, 0.5], "recall": [0.5, 1.0]}


OVER_SPLIT = {"map_split": "", "mp": "true"}


SEEDS_SCORES = {"mp": 0.75, "map": None, "fg": CURVE, "bg": CURVE}


def test_flags_reach_what_evaluate_seeds_calls(tmp_path, capsys, launcher):
    other = {**SEEDS_SCORES, "source": "synthetic/train"}
    artifacts.write_json(tmp_path / "other.json", other)
    with calling(
        "evaluate_seeds",
        trained(),
        stand_in(cam, "seeder", "seeder"),
        stand_in(seed_curves, "evaluate", SEEDS_SCORES),
        stand_in(figures, "seed_curves"),
        **FEW,
        **SEEDING,
        output=f"{tmp_path}/cam.json",
        compare=f"{tmp_path}/other.json",
        **OVER_SPLIT,
    ) as (network, seeder, evaluate, draw):
        pass
    shown = capsys.readouterr()
    assert network.call_args == mock.call("/s", dense=False)
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert evaluate.call_args == mock.call("seeder", mock.ANY)
    written = artifacts.read_json(tmp_path / "cam.json")
    assert (written["mp"], written["seeder_dir"]) == (0.75, "/s")
    assert (written["seeder"], written["seed_crf"]) == ("cam", "none")
    assert written["dense_scores"] is False
    drawn, path = draw.call_args.args
    assert list(drawn) == [
        f"{tmp_path}/other.json",
        f"{tmp_path}/cam.json",
    ]
    assert path == tmp_path / "cam.png"
    assert "mP 75.0  mAP -" in shown.out
    assert_ends_well(
        launcher,
        shown.err,
        f"scores of the seeder on 2 images are in {tmp_path}/cam.json, the "
        f"curves in {tmp_path}/cam.png",
    )


@pytest.mark.parametrize("has_masks", [True, False])
def test_map_is_over_the_photographs_of_main(tmp_path, voc, has_masks, capsys):
    for name in labels.VOC.objects:
        lines = "".join(f"{i} {2 * (name == 'aeroplane') - 1}\n" for i in IDS)
        path = voc.root / "ImageSets" / "Main" / f"{name}_val.txt"
        artifacts.write_bytes(path, lines.encode())
    logits = np.zeros(20, np.float32)
    with calling(
        "evaluate_seeds",
        stand_in(network_flags, "trained", ("network", VOC_NETWORK)),
        stand_in(cam, "seeder", lambda *_: (None, logits)),
        stand_in(seed_curves, "evaluate", {**SEEDS_SCORES, "map": 0.125}),
        stand_in(figures, "seed_curves"),
        **SEEDING,
        dataset="pascal_voc",
        data_dir=str(voc.root),
        output=f"{tmp_path}/cam.json",
        compare="",
        map_split="val",
        mp=str(has_masks),
    ) as (*_, evaluate, draw):
        pass
    written = artifacts.read_json(tmp_path / "cam.json")
    assert written["map"] == written["ap"]["aeroplane"] == 1
    assert written["map_source"] == "pascal_voc/Main/val"
    assert written["map_images"] == 2
    assert written["mp"] == (0.75 if has_masks else None)
    assert written["source"] == (
        "pascal_voc/train" if has_masks else "pascal_voc/Main/val"
    )
    assert evaluate.called == draw.called == has_masks
    assert "mAP 100.0" in capsys.readouterr().out


VOC_NETWORK = {"input_size": 65, "objects": list(labels.VOC.objects)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ["--nomp"],
            "wanted --map_split beside --nomp, such as --map_split=val, found "
            "none; there is nothing to score",
        ),
        (
            ["--nomp", "--map_split=val", "--compare=a.json"],
            "--compare: wanted none beside --nomp, which draws no curves; "
            "found a.json",
        ),
        (
            ["--map_split=val"],
            "--map_split wanted --dataset=pascal_voc and --data_dir, whose "
            "ImageSets/Main has the lists; found --dataset=synthetic "
            "--data_dir=None",
        ),
    ],
)
def test_flags_that_exclude_each_other_are_refused(
    launcher, tmp_path, given, told
):
    output = f"--output={tmp_path}/scores.json"
    done = launcher.run("evaluate_seeds", *given, output)
    assert error_of(done) == f"error: {told}"
    assert not list(tmp_path.iterdir())


def test_the_centre_mean_shape_is_taken_from_a_split_of_its_own(tmp_path):
    with calling(
        "evaluate_seeds",
        stand_in(center_mean_shape, "mean_shape", "shape"),
        stand_in(center_mean_shape, "seeder", "seeder"),
        stand_in(seed_curves, "evaluate", SEEDS_SCORES),
        stand_in(figures, "seed_curves"),
        **FEW,
        **{**SEEDING, "seeder": "center_mean_shape"},
        output=f"{tmp_path}/shape.json",
        compare="",
        **OVER_SPLIT,
    ) as (mean_shape, seeder, evaluate, _):
        pass
    assert mean_shape.call_args.args[0].name == "synthetic/test"
    assert seeder.call_args == mock.call("shape")
    assert evaluate.call_args.args[0] == "seeder"
    assert evaluate.call_args.args[1].name == "synthetic/train"


def test_seeders_of_drawn_scenes_are_scored_and_drawn(launcher, tmp_path):
    programs.write_seeder(tmp_path / "run", list(synthetic.LABEL_SET.objects))
    few = ("evaluate_seeds", "--num_images=3")
    done = launcher.run(
        *few,
        "--seeder=center_mean_shape",
        f"--output={tmp_path}/shape.json",
    )
    assert done.returncode == 0, done.stderr
    done = launcher.run(
        *few,
        f"--seeder_dir={tmp_path}/run",
        f"--compare={tmp_path}/shape.json",
        f"--output={tmp_path}/cam.json",
    )
    assert done.returncode == 0, done.stderr
    shape, scores = (
        artifacts.read_json(tmp_path / f"{name}.json")
        for name in ("shape", "cam")
    )
    assert shape["map"] is None
    assert 0 < shape["mp"] < 1
    assert 0 < scores["map"] <= 1
    assert scores["images"] == 3
    assert (tmp_path / "cam.png").read_bytes()[1:4] == b"PNG"


def test_seeds_of_no_network_are_not_scored(launcher, tmp_path):
    done = launcher.run("evaluate_seeds", f"--output={tmp_path}/scores.json")
    assert error_of(done) == (
        "error: wanted --seeder_dir, the folder of bin/train_seeder's run, for "
        "--seeder=cam; found none"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ({"miou": 0.5, "source": "synthetic/train"}, "something else"),
        (
            {"mp": 1, "fg": {}, "bg": {}, "source": "synthetic/val"},
            "those on synthetic/val",
        ),
    ],
)
def test_seeds_are_compared_with_seeds_of_the_same_images(
    launcher, tmp_path, scores, found
):
    artifacts.write_json(tmp_path / "other.json", scores)
    done = launcher.run(
        "evaluate_seeds",
        "--num_images=1",
        "--seeder=center_mean_shape",
        f"--compare={tmp_path}/other.json",
        f"--output={tmp_path}/scores.json",
    )
    assert error_of(done) == (
        f"error: {tmp_path}/other.json: wanted scores of bin/evaluate_seeds on "
        f"synthetic/train, found {found}"
    )
    assert not (tmp_path / "scores.json").exists()
