"""Settings of make_masks."""

import json

import own_scenes
import pytest

from guided_segmentation.errors import InputError
from guided_segmentation.own_photographs import settings


def test_given_settings_get_the_types_of_their_fields():
    given = {
        "threshold": 1,
        "scales": ["1", "1.5"],
        "train_scales": 1,
        "crf": "none",
        "seed": None,
    }
    assert settings.checked(given) == {
        "threshold": 1.0,
        "scales": (1.0, 1.5),
        "train_scales": (1.0,),
        "crf": "none",
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"batch": 1}, r"^wanted settings out of precision, .*; found batch$"),
        ({"seed": "x"}, r"^seed='x': invalid literal"),
        ({"scales": []}, r"^scales=\[\]: wanted numbers above 0$"),
    ],
)
def test_what_is_no_setting_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        settings.checked(given)


def test_every_setting_has_a_text_for_its_flag():
    assert all(settings.TEXTS.values())
    assert settings.TEXTS.keys() == settings.FIELDS.keys()


def test_the_probe_gets_settings_that_it_can_read():
    chosen = own_scenes.chosen(train_scales=[1, 1.5])
    told = json.loads(settings.spec(chosen, 3, 1000))
    assert settings.Settings(**settings.checked(told["settings"])) == chosen
    assert (told["num_objects"], told["pixels"]) == (3, 1000)


def test_features_are_cached_for_whole_photographs_and_frozen_layers():
    assert own_scenes.chosen().caches_features
    assert not own_scenes.chosen(framing="tight").caches_features
    assert not own_scenes.chosen(freeze_through="none").caches_features
