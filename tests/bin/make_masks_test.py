"""bin/make_masks: its flags, and a true run on drawn scenes."""

import pathlib

import own_scenes
import pytest
from binary_calls import calling, stand_in
from damaged_data import error_of

import guided_segmentation
from guided_segmentation import artifacts, own_photographs
from guided_segmentation.own_photographs import settings

GIVEN = {
    "precision": "float32",
    "saliency": "u2netp",
    "guide": "g0",
    "seeder": "gap_roi",
    "threshold": "0.5",
    "trunk_weights": "none",
    "input_size": "65",
    "framing": "tight",
    "freeze_through": "conv1_2",
    "width_multiplier": "0.5",
    "head_channels": "8",
    "learning_rate": "0.25",
    "seeder_batch_size": "2",
    "seeder_steps": "3",
    "segmenter_batch_size": "4",
    "segmenter_steps": "5",
    "train_scales": "1,2",
    "crf_loss": "none",
    "scales": "1,3",
    "flip": "true",
    "saliency_weight": "2",
    "crf": "sec",
    "seed": "7",
}
ARRIVED = {
    **GIVEN,
    "threshold": 0.5,
    "input_size": 65,
    "width_multiplier": 0.5,
    "head_channels": 8,
    "learning_rate": 0.25,
    "seeder_batch_size": 2,
    "seeder_steps": 3,
    "segmenter_batch_size": 4,
    "segmenter_steps": 5,
    "train_scales": ["1", "2"],
    "scales": ["1", "3"],
    "flip": True,
    "saliency_weight": 2.0,
    "seed": 7,
}
MADE = own_photographs.Made(
    page=pathlib.Path("/o/index.html"),
    masks=pathlib.Path("/o/masks"),
    model=pathlib.Path("/o/model/segmenter/1"),
    segmenter=pathlib.Path("/o/segmenter"),
    count=4,
    exports=(pathlib.Path("/o/exports/coco.json"),),
)


def test_flags_reach_what_make_masks_calls(capsys):
    with calling(
        "make_masks",
        stand_in(own_photographs, "make_masks", MADE),
        data_dir="/p",
        image_labels="csv:/t.csv",
        untagged="error",
        max_pixels="99",
        output_dir="/o",
        dry_run="true",
        retrain="true",
        minutes="8",
        export="coco,yolo",
        **GIVEN,
        **{f"{key}_args": f"--{key}=1 --b" for key in own_photographs.MORE},
    ) as (make_masks,):
        pass
    assert make_masks.call_args.args == ("/p", "csv:/t.csv", "/o")
    told = make_masks.call_args.kwargs
    assert "--data_dir=/p" in told.pop("command")
    assert told == {
        "dry_run": True,
        "retrain": True,
        "minutes": 8.0,
        "untagged": "error",
        "max_pixels": 99,
        "export": ["coco", "yolo"],
        "more": {key: [f"--{key}=1", "--b"] for key in own_photographs.MORE},
        **ARRIVED,
    }
    assert capsys.readouterr().err.endswith(
        "done: look at /o/index.html; masks of 4 photographs are in /o/masks; "
        "an export is in /o/exports/coco.json; the segmenter is in "
        "/o/segmenter, its SavedModel in /o/model/segmenter/1\n"
    )


def test_every_setting_is_a_flag():
    assert GIVEN.keys() == settings.FIELDS.keys()


def test_make_masks_is_part_of_the_package():
    assert guided_segmentation.make_masks is own_photographs.make_masks
    with pytest.raises(
        AttributeError,
        match=r"^module 'guided_segmentation' has no attribute 'make_mask'$",
    ):
        guided_segmentation.make_mask  # noqa: B018


def test_without_photographs_the_flag_is_named(launcher, tmp_path):
    done = launcher.run("make_masks", f"--output_dir={tmp_path}/out")
    assert error_of(done) == (
        "error: wanted --data_dir, a folder of photographs, and "
        "--image_labels, their tags, such as csv:tags.csv"
    )


def write_maps(folder, photos, image_ids):
    """Writes saliency maps in whose middle an object stands out."""
    for image_id in image_ids:
        shape = artifacts.read_size(photos.folder / f"{image_id}.jpg")
        artifacts.write_saliency_map(
            folder / f"{image_id}.png", own_scenes.middle(shape)
        )


def test_a_true_run_makes_masks_a_model_and_a_page(launcher, tmp_path):
    photos = own_scenes.Photos(tmp_path, 4)
    maps = tmp_path / "maps"
    write_maps(maps, photos, photos.tags)
    given = (
        f"--data_dir={photos.folder}",
        f"--image_labels=csv:{photos.tags_file}",
        f"--output_dir={tmp_path}/out",
        f"--saliency=dir:{maps}",
        *own_scenes.flags_of(own_scenes.TINY),
    )
    done = launcher.run("make_masks", *given)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        f"done: look at {tmp_path}/out/index.html; masks of 4 photographs"
    )
    masks = tmp_path / "out" / "masks"
    for image_id in photos.tags:
        mask = artifacts.read_label_map(masks / f"{image_id}.png")
        assert mask.shape == own_scenes.size_of(photos, image_id)
    model = tmp_path / "out" / "model" / "segmenter" / "1"
    assert (model / "saved_model.pb").is_file()
    assert (tmp_path / "out" / "index.html").is_file()
    before = {path: path.read_bytes() for path in masks.glob("*.png")}
    write_maps(maps, photos, photos.add(1, first=4))
    again = launcher.run("make_masks", *given)
    assert again.returncode == 0, again.stderr
    assert "masks of 1 photographs are to be made" in again.stdout
    assert len(list(masks.glob("*.png"))) == 5
    assert all(path.read_bytes() == old for path, old in before.items())
