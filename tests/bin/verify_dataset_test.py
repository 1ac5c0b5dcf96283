"""bin/verify_dataset: its flags, its last line and its exit code."""

from unittest import mock

import pytest
from binary_calls import calling, stand_in
from drawn_folders import DrawnFolder

from guided_segmentation import artifacts
from guided_segmentation.datasets.verification import (
    layouts,
    own_folder,
    verify,
    voc_folder,
)

NOTHING = layouts.Layout(name="x", photographs={}, splits={})


@pytest.mark.parametrize(
    ("dataset", "module", "told"),
    [
        ("pascal_voc", voc_folder, mock.call("/d", ["train", "val"], "csv:/c")),
        (
            "folder",
            own_folder,
            mock.call("/d", "csv:/c", truth_dir="/m", without=["/s"]),
        ),
    ],
)
def test_flags_reach_what_verify_dataset_calls(tmp_path, dataset, module, told):
    found = verify.Verification(layout=NOTHING, findings=[], class_counts={})
    with calling(
        "verify_dataset",
        stand_in(module, "layout", NOTHING),
        stand_in(verify, "verify", found),
        dataset=dataset,
        data_dir="/d",
        image_labels="csv:/c",
        truth_dir="/m",
        saliency_dir="/s",
        splits="train,val",
        output=f"{tmp_path}/page.html",
        json=f"{tmp_path}/page.json",
    ) as (read, check):
        pass
    assert read.call_args == told
    assert check.call_args == mock.call(NOTHING)
    assert (tmp_path / "page.html").exists()
    assert artifacts.read_json(tmp_path / "page.json")["dataset"] == "x"


@pytest.fixture
def drawn(tmp_path):
    return DrawnFolder(tmp_path / "drawn").draw()


def call(drawn, tmp_path):
    return calling(
        "verify_dataset",
        dataset="folder",
        data_dir=str(drawn.photos),
        image_labels=f"csv:{drawn.tags}",
        truth_dir=str(drawn.masks),
        output=f"{tmp_path}/page.html",
        json=f"{tmp_path}/page.json",
        splits="train",
    )


def test_a_faultless_data_set_ends_well(drawn, tmp_path, capsys):
    with call(drawn, tmp_path):
        pass
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        f"done: 0 errors, 0 warnings, 0 notes in 40 images; see "
        f"{tmp_path}/page.html"
    )
    assert "Nothing wrong" in (tmp_path / "page.html").read_text()
    content = artifacts.read_json(tmp_path / "page.json")
    assert content["findings"] == []
    assert "--dataset=folder" in content["command"]


def test_warnings_alone_end_well(drawn, tmp_path, capsys):
    drawn.tag("train/97", "wasp")
    with call(drawn, tmp_path):
        pass
    *_, told, last = capsys.readouterr().err.splitlines()
    assert told == "warning: Image-level labels without photograph: 1"
    assert last.startswith("done: 0 errors, 1 warning, 0 notes")


def test_errors_end_with_1_after_the_page_is_written(drawn, tmp_path, capsys):
    drawn.photo("train/00").write_text("no image")
    with pytest.raises(SystemExit) as ended, call(drawn, tmp_path):
        pass
    assert ended.value.code == 1
    assert (
        "error: Photographs that cannot be read: 1" in capsys.readouterr().err
    )
    assert (
        "train/00.jpg: wanted an image" in (tmp_path / "page.html").read_text()
    )


def test_data_without_files_are_refused(launcher):
    done = launcher.run("verify_dataset", "--dataset=synthetic", "--data_dir=.")
    assert done.returncode == 1
    assert done.stderr == (
        "error: --dataset=synthetic: wanted folder or pascal_voc, the data "
        "sets of photographs with labels\n"
    )
    done = launcher.run("verify_dataset", "--dataset=folder")
    assert done.stderr == "error: --dataset=folder needs --data_dir\n"


def test_lists_reach_the_reader_of_voc(launcher, voc, tmp_path):
    done = launcher.run(
        "verify_dataset",
        "--dataset=pascal_voc",
        f"--data_dir={voc.root}",
        "--splits=absent",
        f"--output={tmp_path}/page.html",
    )
    assert done.returncode == 1
    assert "no list absent.txt" in done.stderr
