"""The probe runs in a process of its own."""

import own_scenes
import pytest

from guided_segmentation.errors import InputError
from guided_segmentation.own_photographs import probe_call


def test_the_probe_times_a_step_of_every_stage():
    chosen = own_scenes.chosen(saliency="dir:/maps")
    found = probe_call.run(chosen, num_objects=3, pixels=3000)
    assert found["precision"] == "float32"
    assert found["gpus"] == []
    assert found["seconds"].keys() == own_scenes.SPEEDS.keys()
    assert all(value >= 0 for value in found["seconds"].values())
    assert found["seconds"]["saliency"] == 0.0
    assert found["seconds"]["seeder"] > 0
    assert found["seconds"]["start"] > 0.5  # Loads TensorFlow.


def test_settings_that_do_not_go_together_are_told_in_one_line():
    chosen = own_scenes.chosen(input_size=64)
    with pytest.raises(
        InputError, match=r"^input_size must be 16 n \+ 1, such as 321"
    ):
        probe_call.run(chosen, num_objects=3, pixels=3000)
