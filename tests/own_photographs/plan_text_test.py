"""The plan that make_masks prints."""

import dataclasses

import own_scenes
import pytest


@pytest.fixture
def user(tmp_path):
    return own_scenes.User(tmp_path)


def printed(user, capsys, **given):
    user.call(dry_run=True, **given)
    return capsys.readouterr().out


def test_the_plan_says_what_was_found(user, capsys):
    counts = {}
    for tags in user.photos.tags.values():
        for tag in tags:
            counts[tag] = counts.get(tag, 0) + 1
    (user.photos.folder / "notes.txt").write_text("")
    text = printed(user, capsys)
    first, *_ = text.splitlines()
    assert first.startswith(f"found: 12 photographs in {user.photos.folder}, ")
    for name, count in counts.items():
        assert f"{name} {count}" in first
    assert "passed over: files of other endings: 1 (notes.txt)" in text
    assert "machine: " in text


def test_photographs_without_object_are_counted(user, capsys):
    user.photos.retag(next(iter(user.photos.tags)))
    assert "1 without object" in printed(user, capsys)


def test_the_plan_gives_each_stage_its_time_and_each_setting_its_reason(
    user, capsys
):
    text = printed(user, capsys, seeder_steps=None)
    for stage in own_scenes.STAGES:
        assert f"  {stage} " in text
    # 3 s to begin, 12 features of half a second, 80 steps of a quarter.
    (line,) = [x for x in text.splitlines() if "train_seeder" in x]
    assert line.endswith(" 30 s")
    assert "about " in text
    assert "GB of disk" in text
    assert "  seeder_steps=80  " in text
    assert "each of 12 photographs is seen 27 times" in text
    assert "  head_channels=8 " in text
    assert "as you said" in text


def test_the_plan_of_few_photographs_says_so(user, capsys):
    text = printed(user, capsys, guide=None)
    assert "guide=g0" in text
    assert "too few photographs for a seeder" in text
    assert "saliency with the tag becomes label maps" in text
    assert "photographs with one tag or none are learned from" in text


def test_what_is_done_is_named_and_not_counted(user, capsys, monkeypatch):
    monkeypatch.setenv("FAIL_IN", "make_guides")
    with pytest.raises(ChildProcessError):
        user.call()
    capsys.readouterr()
    lines = printed(user, capsys).splitlines()
    done = [x.split()[0] for x in lines if x.endswith(" done")]
    assert done == ["train_seeder", "make_seeds", "make_saliency"]


def test_masks_to_add_are_counted(user, capsys):
    user.call()
    user.photos.add(2, first=12)
    image_id = next(iter(user.photos.tags))
    user.photos.retag(image_id)
    capsys.readouterr()
    text = printed(user, capsys)
    assert (
        "to do: the segmenter of 12 photographs is there; masks of 3 "
        "photographs are to be made, 1 of them anew"
    ) in text
    assert "settings, each" not in text


def test_a_budget_that_nothing_fits_is_warned_of(user, capsys):
    text = printed(user, capsys, minutes=0.01)
    assert "warning: no settings fit 0.01 minutes on this machine" in text


def test_little_memory_is_warned_of(user, capsys, monkeypatch):
    from guided_segmentation.own_photographs import machine

    found = machine.found

    def small(*arguments):
        return dataclasses.replace(found(*arguments), memory_gb=0.5)

    monkeypatch.setattr(machine, "found", small)
    assert "warning: about " in printed(user, capsys)
