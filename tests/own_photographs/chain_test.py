"""make_masks: what it calls, resumes, adds and refuses."""

import os
import pathlib
import signal
import subprocess
import sys

import own_scenes
import pytest

import guided_segmentation
from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

ALL = list(own_scenes.STAGES)


@pytest.fixture
def user(tmp_path):
    return own_scenes.User(tmp_path)


def test_one_call_runs_all_stages_and_says_where_the_results_are(user):
    made = user.call()
    assert user.new_calls() == ALL
    assert made.count == 12
    assert made.page == user.out / "index.html"
    assert made.page.is_file()
    assert len(list(made.masks.glob("*.png"))) == 12
    assert made.model.is_dir()
    assert made.segmenter.is_dir()


def test_a_second_call_runs_nothing(user, capsys):
    user.call()
    user.new_calls()
    user.call()
    assert user.new_calls() == []
    assert "masks of 0 photographs are to be made" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(user, capsys):
    assert user.call(dry_run=True) is None
    assert not user.out.exists()
    assert "12 photographs" in capsys.readouterr().out


def test_new_photographs_get_masks_by_the_segmenter_that_is_there(user):
    user.call()
    user.new_calls()
    user.new_maps("masks")
    added = user.photos.add(2, first=12)
    user.call()
    assert user.new_calls() == ["make_saliency", "segment_images"]
    assert user.new_maps("masks") == added
    maps = {path.stem for path in (user.out / "saliency_maps").iterdir()}
    assert maps == user.photos.tags.keys()
    assert not (user.out / "stale").exists()
    assert user.record["photographs"] == 12  # Learned from.


def test_a_stop_while_photographs_are_added_retrains_nothing(
    user, monkeypatch, capsys
):
    user.call()
    user.photos.add(2, first=12)
    monkeypatch.setenv("FAIL_IN", "make_saliency")
    with pytest.raises(ChildProcessError):
        user.call()
    monkeypatch.delenv("FAIL_IN")
    user.new_calls()
    capsys.readouterr()
    user.call()
    assert user.new_calls() == ["make_saliency", "segment_images"]
    plan = capsys.readouterr().out.splitlines()
    (line,) = (x for x in plan if x.startswith("  train_segmenter"))
    assert line.endswith("done")


def test_a_changed_tag_has_the_mask_made_again(user):
    user.call()
    user.new_maps("masks")
    image_id = next(iter(user.photos.tags))
    others = {tag for tags in user.photos.tags.values() for tag in tags}
    user.photos.retag(image_id, *sorted(others))
    user.call()
    assert user.new_maps("masks") == [image_id]
    user.call()
    assert user.new_maps("masks") == []


def test_a_photograph_of_another_size_in_bytes_has_its_mask_made_again(user):
    user.call()
    user.new_maps("masks")
    image_id = next(iter(user.photos.tags))
    with (user.photos.folder / f"{image_id}.jpg").open("ab") as file:
        file.write(b"\0")
    user.call()
    assert user.new_maps("masks") == [image_id]


def test_a_tag_that_was_not_learned_is_passed_over_until_retrain(user, capsys):
    objects = sorted({t for tags in user.photos.tags.values() for t in tags})
    names = user.photos.folder / "class_names.txt"
    names.write_text("\n".join(objects))
    user.call()
    (added,) = user.photos.add(1, first=12)
    names.write_text("\n".join([*objects, "comet"]))
    user.photos.retag(added, "comet")
    user.new_calls()
    user.call()
    assert user.new_calls() == []
    assert (
        f"passed over: tagged with what the segmenter has not learned "
        f"(comet): 1 ({added}), --retrain learns it"
    ) in capsys.readouterr().out
    user.call(retrain=True)
    assert user.new_calls() == ALL
    assert user.record["objects"] == [*objects, "comet"]


def test_retrain_learns_from_all_photographs(user):
    user.call()
    user.photos.add(2, first=12)
    user.new_calls()
    user.call(retrain=True)
    assert user.new_calls() == ALL
    assert user.record["photographs"] == 14


def test_other_settings_of_a_trained_segmenter_are_refused(user):
    user.call()
    with pytest.raises(
        InputError,
        match=r"out holds a segmenter trained with seed=0, now it is 1; add "
        r"--retrain, or choose another --output_dir$",
    ):
        user.call(seed=1)


def test_other_settings_of_masks_make_the_masks_anew(user):
    user.call()
    user.new_calls()
    user.call(crf="none")
    assert user.new_calls() == ["segment_images"]
    assert "--crf=none" in user.command("segment_images")
    user.call(flip=True)
    assert user.new_calls() == ["segment_images", "export_model"]


@pytest.mark.parametrize("stage", ["train_seeder", "segment_images"])
def test_a_failure_is_gone_on_from(user, stage, monkeypatch):
    monkeypatch.setenv("FAIL_IN", stage)
    with pytest.raises(ChildProcessError, match="it was told to fail"):
        user.call()
    monkeypatch.delenv("FAIL_IN")
    user.new_calls()
    user.call()
    assert user.new_calls() == ALL[ALL.index(stage) :]


CALL = """
import sys
sys.path.insert(0, {tests!r})
import own_scenes, pathlib
user = own_scenes.User.__new__(own_scenes.User)
root = pathlib.Path({root!r})
user.photos = own_scenes.Photos.__new__(own_scenes.Photos)
user.photos.folder, user.photos.tags_file = root / "photos", root / "tags.csv"
user.out, user.bin_dir = root / "out", root / "bin"
user.call()
"""


def test_a_kill_is_gone_on_from(user, tmp_path):
    tests = str(pathlib.Path(own_scenes.__file__).parent)
    package = pathlib.Path(guided_segmentation.__file__).parents[1]
    program = CALL.format(tests=tests, root=str(tmp_path))
    killed = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "PYTHONPATH": str(package),
            "DIE_AFTER": "train_segmenter",
        },
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert user.new_calls() == ALL[:5]
    user.call()  # The stage that outlived the kill was not recorded as done.
    assert user.new_calls() == ALL[4:]


def test_photographs_added_before_the_training_ends_are_learned_from(
    user, monkeypatch
):
    monkeypatch.setenv("FAIL_IN", "train_segmenter")
    with pytest.raises(ChildProcessError):
        user.call()
    monkeypatch.delenv("FAIL_IN")
    user.photos.add(2, first=12)
    user.new_calls()
    user.call()
    assert user.new_calls() == ALL
    assert user.record["photographs"] == 14


def test_a_call_that_goes_on_keeps_the_settings(user, monkeypatch):
    monkeypatch.setenv("FAIL_IN", "make_seeds")
    free = {"seeder_steps": None, "precision": "auto"}
    with pytest.raises(ChildProcessError):
        user.call(minutes=1, **free)
    steps = user.record["settings"]["seeder_steps"]
    monkeypatch.delenv("FAIL_IN")

    def other_machine(*_):
        raise AssertionError("asked for timings again")

    user.call(minutes=1, probe=other_machine, **free)
    assert user.record["settings"]["seeder_steps"] == steps
    assert user.record["settings"]["precision"]["value"] == "float32"


def test_more_layers_are_frozen_where_steps_take_long(user):
    """A machine whose steps take 10 s with conv4_3, and 2 s with conv5_2."""
    asked = []

    def slow(chosen, num_objects, pixels):
        asked.append(chosen.freeze_through)
        timed = own_scenes.probe(chosen, num_objects, pixels)
        step = 10.0 if chosen.freeze_through == "conv4_3" else 2.0
        timed["seconds"].update(seeder=step, segmenter=step)
        return timed

    user.call(probe=slow, minutes=9, seeder_steps=None, segmenter_steps=None)
    assert asked == ["conv4_3", "conv5_2"]
    found = user.record["settings"]
    assert found["freeze_through"]["value"] == "conv5_2"
    assert found["segmenter_steps"]["value"] == 80
    assert "--freeze_through=conv5_2" in user.command("train_seeder")


def test_frozen_layers_that_the_user_gave_stay(user):
    asked = []

    def slow(chosen, num_objects, pixels):
        asked.append(chosen.freeze_through)
        timed = own_scenes.probe(chosen, num_objects, pixels)
        timed["seconds"].update(seeder=10.0, segmenter=10.0)
        return timed

    user.call(
        probe=slow,
        minutes=8,
        seeder_steps=None,
        segmenter_steps=None,
        freeze_through="conv3_3",
    )
    assert asked == ["conv3_3"]


def test_saliency_maps_of_a_folder_are_used(user, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    content = (user.bin_dir / "saliency_maps.png").read_bytes()
    for image_id in user.photos.tags:
        (maps / f"{image_id}.png").write_bytes(content)
    user.call(saliency=f"dir:{maps}")
    assert user.new_calls() == [x for x in ALL if x != "make_saliency"]
    assert "/saliency" in user.command("make_guides")
    (added,) = user.photos.add(1, first=12)
    told = (
        rf"^--saliency=dir:{maps}: wanted a map of each of 13 photographs, 1 "
        rf"are missing, the first is {added}.png; add them, or choose another "
    )
    with pytest.raises(InputError, match=told):
        user.call()
    (maps / f"{added}.png").write_bytes(content)
    user.call()
    assert user.new_calls() == ["segment_images"]
    assert (user.out / "data" / "all" / "saliency" / f"{added}.png").exists()


def test_without_a_seeder_only_photographs_of_one_tag_are_learned_from(user):
    objects = sorted({t for tags in user.photos.tags.values() for t in tags})
    for index, image_id in enumerate(user.photos.tags):
        user.photos.retag(image_id, *objects[: index % 3])
    made = user.call(guide="g0")
    assert user.new_calls() == ALL[2:]
    assert user.record["photographs"] == 8
    assert made.count == 12
    page = made.page.read_text()
    assert "learned from saliency with its tag (G0)" in page
    assert "not learned from" in page


def test_a_bad_photograph_costs_no_other_its_mask(user, capsys):
    image_id = next(iter(user.photos.tags))
    (user.photos.folder / f"{image_id}.jpg").write_bytes(b"\xff\xd8\xff")
    made = user.call()
    assert made.count == 11
    assert f"passed over: unreadable: 1 ({image_id}" in capsys.readouterr().out


def test_further_flags_of_a_stage_win(user):
    user.call(more={"segmenter": ["--stride=8", "--dropout=0.25"]})
    command = user.command("train_segmenter")
    assert "--stride=8" in command
    assert "--stride=16" not in command


def test_masks_are_exported_for_other_tools(user):
    for folder in ("masks", "guides"):
        path = user.bin_dir / f"{folder}.png"
        mask = artifacts.read_label_map(path)
        mask[2:9, 3:8] = 1
        artifacts.write_label_map(path, mask)
    made = user.call(export=["yolo"])
    assert made.exports == (user.out / "exports" / "yolo",)
    assert made.exports[0].is_dir()


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        (
            {"export": ["coco", "xml"]},
            InputError,
            r"^--export: wanted some of coco, labelme, yolo, found xml$",
        ),
        ({"depth": 3}, InputError, r"found depth$"),
        ({"scales": ["a"]}, InputError, r"^scales=\['a'\]: could not convert"),
        ({"scales": [0]}, InputError, r"wanted numbers above 0$"),
        (
            {"more": {"guide": ["--x"]}},
            InputError,
            r"^wanted further flags of seeder, .*; found guide$",
        ),
        (
            {"trunk_weights": "nowhere.h5"},
            FileNotFoundError,
            r"^no file nowhere.h5; --trunk_weights wants imagenet, none or "
            r"the path of weights$",
        ),
        (
            {"saliency": "dir:nowhere"},
            FileNotFoundError,
            r"^--saliency=dir:nowhere: no nowhere$",
        ),
    ],
)
def test_bad_settings_are_refused(user, given, error, told):
    with pytest.raises(error, match=told):
        user.call(**given)
    assert not user.out.exists()


def test_results_among_the_photographs_are_refused(user):
    user.out = user.photos.folder / "out"
    with pytest.raises(
        InputError, match=r"^--output_dir: wanted a folder outside of .*photos"
    ):
        user.call()


def test_the_folder_of_something_else_is_refused(user):
    user.out.mkdir()
    (user.out / "settings.json").write_text("{}")
    with pytest.raises(
        InputError,
        match=r"wanted a folder of make_masks or a new one, found a "
        r"settings.json of something else; choose another --output_dir$",
    ):
        user.call()
