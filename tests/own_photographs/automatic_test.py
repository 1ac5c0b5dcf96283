"""Automatic settings: what is chosen, and why."""

import dataclasses

import own_scenes
import pytest
from own_photographs_samples import photographs

from guided_segmentation.own_photographs import automatic, machine, settings

SMALL = machine.Machine(cores=2, memory_gb=12.0, disk_gb=50.0)


MANY = photographs(*["cat"] * 40, *["dog"] * 40, *["cat dog"] * 20)


def choose(found=MANY, here=SMALL, **given):
    checked = settings.checked(given)
    return automatic.choose(checked, found, found, here)


def test_every_setting_is_chosen_with_a_reason():
    choices = choose()
    assert list(choices) == list(settings.FIELDS)
    assert all(each.why for each in choices.values())
    assert automatic.settings_of(choices).guide == "g2"


@pytest.mark.parametrize("name", settings.FIELDS)
def test_what_the_user_gives_wins(name):
    value = getattr(own_scenes.chosen(), name)
    choice = choose(**{name: value})[name]
    assert choice == (value, automatic.GIVEN)


def test_few_photographs_have_no_seeder_and_the_plan_says_why():
    few = automatic.MIN_A_CLASS - 1
    found = photographs(*["cat"] * few, *["dog"] * few)
    guide = choose(found)["guide"]
    assert guide.value == "g0"
    assert guide.why.startswith(
        f"too few photographs for a seeder: {few} of the middle class, wanted "
        f"{automatic.MIN_A_CLASS}; saliency takes the tag"
    )
    enough = photographs(*["cat"] * (few + 1), *["dog"] * (few + 1))
    assert choose(enough)["guide"].value == "g2"


def test_a_rare_class_beside_common_ones_keeps_the_seeder():
    found = photographs(*["cat"] * 30, *["dog"] * 30, "cow")
    assert choose(found)["guide"].value == "g2"


def test_one_class_needs_photographs_without_it():
    enough = automatic.MIN_A_CLASS
    alone = photographs(*["cat"] * 50, *[""] * (enough - 1))
    guide = choose(alone)["guide"]
    assert guide.value == "g0"
    assert f"{enough - 1} photographs without it" in guide.why
    others = photographs(*["cat"] * 50, *[""] * enough)
    assert choose(others)["guide"].value == "g2"


def test_photographs_without_any_tag_have_no_seeder():
    assert choose(photographs("", ""))["guide"] == (
        "g0",
        "no photograph has a tag",
    )


def test_a_full_disk_goes_without_cached_features():
    full = dataclasses.replace(SMALL, disk_gb=0.1)
    framing = choose(here=full)["framing"]
    assert framing.value == "tight"
    assert "GB" in framing.why


def test_little_memory_has_small_batches():
    small = dataclasses.replace(SMALL, memory_gb=3.0)
    assert choose(here=small)["segmenter_batch_size"].value == 4


def test_a_batch_is_no_larger_than_the_set():
    assert choose(photographs("cat", "dog"))["seeder_batch_size"].value == 2


def test_more_photographs_have_more_steps_up_to_a_limit():
    steps = [
        choose(photographs(*["cat", "dog"] * count))["segmenter_steps"].value
        for count in (10, 100, 400)
    ]
    assert steps == sorted(steps)
    assert steps[-1] == 500
    gpu = dataclasses.replace(SMALL, gpus=("A100",))
    large = photographs(*["cat", "dog"] * 2000)
    assert (
        choose(large, gpu)["segmenter_steps"].value
        > choose(large)["segmenter_steps"].value
        > 500
    )


def test_the_measured_precision_replaces_auto():
    seconds = {"float32": 0.145, "mixed_bfloat16": 3.34}
    found = automatic.resolved(choose(), "float32", seconds)["precision"]
    assert found == (
        "float32",
        "the fastest here: a convolution takes float32 0.145 s, "
        "mixed_bfloat16 3.340 s",
    )
    alone = automatic.resolved(choose(), "float32", {"float32": 0.1})
    assert alone["precision"].why.endswith("there is none in mixed_bfloat16")
    given = choose(precision="mixed_bfloat16")
    assert automatic.resolved(given, "float32", seconds) == given


def test_only_frozen_layers_make_a_run_faster():
    """A smaller input cost more mIoU than fewer steps (docs/results.md)."""
    names = [set(each) for each in automatic.INSTEAD]
    assert names == [set(), {"freeze_through"}]


def test_faster_settings_are_taken_unless_the_user_says_else():
    last = automatic.INSTEAD[-1]
    found = automatic.choose({}, MANY, MANY, SMALL, last)
    assert {name: found[name] for name in last} == last
    given = {name: getattr(own_scenes.chosen(), name) for name in last}
    kept = automatic.choose(given, MANY, MANY, SMALL, last)
    assert all(kept[name] == (given[name], automatic.GIVEN) for name in last)
