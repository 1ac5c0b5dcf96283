"""bin/prepare_dataset: its flags, its last line and bad input."""

from unittest import mock

import numpy as np
import official_archives as official
import programs
import pytest
from binary_calls import assert_ends_well, calling, stand_in

from guided_segmentation import artifacts
from guided_segmentation.command_line import network_flags
from guided_segmentation.datasets import layouts
from guided_segmentation.datasets import msra as reader
from guided_segmentation.datasets.preparation import (
    cls_labels,
    coco,
    msra,
    object_probabilities,
    voc2012,
)
from guided_segmentation.networks import region_logits

GIVEN = {
    "dataset": "synthetic",
    "data_dir": "/in",
    "output_dir": "/d",
    "num_train": "2",
    "num_val": "3",
    "num_test": "4",
    "num_saliency": "5",
    "seed": "6",
    "image_size": "33,41",
    "only_ids": "/only",
    "exclude_ids": "/without",
    "classifier_dir": "/c",
    "max_probability": "0.3",
    "num_kept": "2",
    "splits": "val2017",
}
SCORES = {"a": {"probability": 0.25}, "b": {"probability": 0.125}}
MSRA = {"images": 9, "in_both_sets": 2, "notes": ["set B has 2 photographs"]}


def preparing(dataset, *patches, **given):
    told = {**GIVEN, "dataset": dataset, **given}
    return calling("prepare_dataset", *patches, **told)


def test_flags_reach_what_prepare_dataset_calls(launcher, capsys):
    with preparing("synthetic", stand_in(layouts, "write_synthetic")) as (
        write,
    ):
        pass
    assert write.call_args == mock.call(
        "/d",
        num_images={"train": 2, "val": 3, "test": 4},
        num_saliency_images=5,
        seed=6,
        size=(33, 41),
    )
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "drawn scenes are in /d/VOCdevkit/VOC2012, the saliency set is in "
        "/d/msra_style",
    )


@pytest.mark.parametrize("test", ["1456", "none (no VOC2012test.tar)"])
def test_voc2012_is_prepared(launcher, capsys, test):
    images = {"trainaug": 10582, "val": 1449}
    if test.isdecimal():
        images["test"] = int(test)
    record = {"images": images, "masks": {"voc": 1464, "sbd": 9118}}
    with preparing("voc2012", stand_in(voc2012, "prepare", record)) as (call,):
        pass
    assert call.call_args == mock.call("/in", "/d")
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        f"VOC 2012 is in /d/VOCdevkit/VOC2012: trainaug 10582 images (1464 "
        f"masks of VOC, 9118 of SBD), val 1449, test {test}",
    )


def test_coco_is_prepared(launcher, capsys):
    record = {"images": {"val2017": 5000}, "without_objects": 48}
    with preparing("coco", stand_in(coco, "prepare", record)) as (call,):
        pass
    assert call.call_args == mock.call("/in", "/d", ["val2017"])
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "COCO is in /d: val2017 5000 images, 48 of them without objects",
    )


def test_cls_labels_are_prepared(launcher, capsys):
    record = {"images": 12031, "without_objects": 0}
    with preparing("cls_labels", stand_in(cls_labels, "prepare", record)) as (
        call,
    ):
        pass
    assert call.call_args == mock.call("/in", "/d")
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "tags of 12031 images are in /d/image_labels.csv, 0 of them without "
        "objects",
    )


@pytest.mark.parametrize(
    ("function", "value", "given"),
    [("ids_of_lowest", 2, {}), ("ids_below", 0.3, {"num_kept": "0"})],
)
def test_msra_is_prepared_and_filtered(
    launcher, capsys, function, value, given
):
    network = mock.Mock()
    network.name = "vgg16"
    settings = {"input_size": 65, "objects": ["cat"]}
    with preparing(
        "msra",
        stand_in(msra, "prepare", MSRA),
        stand_in(network_flags, "trained", (network, settings)),
        stand_in(region_logits, "classifier"),
        stand_in(reader, "source", "photographs"),
        stand_in(object_probabilities, "score", SCORES),
        stand_in(object_probabilities, function, ["a", "b"]),
        stand_in(artifacts, "write_bytes"),
        **given,
    ) as (prepare, load, classifier, source, score, below, write):
        pass
    assert prepare.call_args == mock.call(
        "/in", "/d", only_ids="/only", exclude_ids="/without"
    )
    assert load.call_args == mock.call("/c")
    assert classifier.call_args == mock.call(network, 65)
    assert source.call_args == mock.call("/d")
    assert score.call_args.args[1:4] == (
        "photographs",
        ["cat"],
        "/d/object_probabilities.json",
    )
    assert below.call_args == mock.call(SCORES, value)
    assert write.call_args == mock.call("/d/non_pascal.txt", b"a\nb\n")
    note, line = capsys.readouterr().err.splitlines()
    assert note == "note: set B has 2 photographs"
    assert_ends_well(
        launcher,
        line,
        "9 photographs with boxes are in /d (2 of both sets once), 2 without "
        "objects (probability up to 0.250) are listed in /d/non_pascal.txt",
    )


@pytest.mark.parametrize("name", ["gap_roi", "vgg16"])
def test_a_trained_classifier_filters_the_photographs(tmp_path, name, launcher):
    official.write_folder(tmp_path / "in", official.msra())
    programs.write_seeder(tmp_path / "seeder", ["cat", "dog"], name)
    arguments = (
        "--dataset=msra",
        f"--data_dir={tmp_path / 'in'}",
        f"--output_dir={tmp_path / 'out'}",
        f"--classifier_dir={tmp_path / 'seeder'}",
        "--max_probability=1",
    )
    done = launcher.run("prepare_dataset", *arguments)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "out/non_pascal.txt"
    assert path.read_text() == "0_1\n0_2\n"
    source = reader.source(tmp_path / "out", only_ids=path)
    assert source.image_ids == ("0_1", "0_2")
    scores = artifacts.read_json(tmp_path / "out/object_probabilities.json")
    assert scores["made"]["weights_sha256"]
    assert np.isclose(scores["images"]["0_1"]["probability"], 0.5, atol=0.3)


def test_a_classifier_is_not_needed_without_its_flag(capsys):
    with preparing("msra", stand_in(msra, "prepare", MSRA), classifier_dir=""):
        pass
    assert "--only_ids" not in capsys.readouterr().err


def run(launcher, *arguments):
    return launcher.run("prepare_dataset", "--output_dir=/nowhere", *arguments)


def test_a_data_set_without_its_folder_is_refused(launcher):
    done = run(launcher, "--dataset=coco")
    assert done.returncode == 1
    assert "every data set but synthetic needs --data_dir" in done.stderr


def test_a_missing_archive_ends_with_one_line(launcher, tmp_path):
    done = run(launcher, "--dataset=voc2012", f"--data_dir={tmp_path}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    place = tmp_path / "VOCtrainval_11-May-2012.tar"
    assert line.startswith("error: no VOCtrainval_11-May-2012.tar, nor")
    assert line.endswith(f"put it at {place}")


def test_a_missing_classifier_ends_before_anything_is_written(
    launcher, tmp_path
):
    official.write_folder(tmp_path / "in", official.msra())
    done = launcher.run(
        "prepare_dataset",
        "--dataset=msra",
        f"--data_dir={tmp_path / 'in'}",
        f"--output_dir={tmp_path / 'out'}",
        f"--classifier_dir={tmp_path / 'none'}",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no trained network in ")
    assert not (tmp_path / "out").exists()
