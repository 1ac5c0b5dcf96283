"""How long stages take, and how the estimate is corrected."""

import own_scenes
import pytest
from own_photographs_samples import photographs

from guided_segmentation.own_photographs import estimate

SPEEDS = {**own_scenes.SPEEDS, "cores": 2}
MANY = photographs(*["cat"] * 8, *["cat dog"] * 2)


def seconds(count=10, **given):
    return estimate.seconds(own_scenes.chosen(**given), count, MANY, SPEEDS)


def test_a_training_takes_its_start_its_features_and_its_steps():
    found = seconds(seeder_steps=100)
    assert found["train_seeder"] == 3.0 + 10 * 0.5 + 100 * 0.25
    assert seconds(segmenter_steps=20)["train_segmenter"] == 3.0 + 20 * 0.5


def test_a_second_scale_has_features_of_its_own():
    one = seconds(train_scales=[1])["train_segmenter"]
    two = seconds(train_scales=[1, 2])["train_segmenter"]
    assert two - one == 10 * 0.5 * 4


def test_features_that_are_not_cached_take_no_time():
    found = seconds(seeder_steps=0, framing="tight")
    assert found["train_seeder"] == 3.0


def test_a_mask_takes_its_views_and_its_crf():
    tight = {"framing": "tight"}
    one = estimate.mask(own_scenes.chosen(**tight), SPEEDS)
    chosen = own_scenes.chosen(scales=[1, 2], flip=True, **tight)
    assert estimate.mask(chosen, SPEEDS) - one == pytest.approx(0.125 * 9)
    # Two cores refine two photographs side by side.
    slow = estimate.mask(own_scenes.chosen(**tight), {**SPEEDS, "crf": 9.0})
    assert slow == pytest.approx(0.125 + 9.0 / 2 + 0.03)


def test_a_mask_from_cached_features_takes_the_layers_above_alone():
    speeds = {**SPEEDS, "crf": 0.0}
    for flip in (False, True):  # Half of the pair, or both.
        chosen = own_scenes.chosen(flip=flip)
        learned = estimate.mask(chosen, speeds, is_learned=True)
        assert learned - 0.03 == pytest.approx((1 + flip) / 2 * 0.0625)
        new = estimate.mask(chosen, speeds)
        assert new - learned == pytest.approx((1 + flip) / 2 * 0.5)
    both = seconds(count=6)["segment_images"]
    assert seconds()["segment_images"] < both


def test_regions_of_several_tags_are_divided_on_all_cores():
    slow = {**SPEEDS, "crf": 9.0}
    found = estimate.seconds(own_scenes.chosen(), 10, MANY, slow)
    start = SPEEDS["start"]
    # Two of ten photographs have two tags.
    wanted = start + 10 * (0.12 + 0.2 * 9.0 / 2)
    assert found["make_guides"] == pytest.approx(wanted)


def test_stages_that_do_not_run_are_not_counted():
    found = seconds(guide="g0", saliency="dir:/maps")
    assert list(found) == [
        "make_guides",
        "train_segmenter",
        "segment_images",
        "export_model",
    ]
    assert set(seconds()) == set(own_scenes.STAGES)


def test_disk_is_that_of_cached_features():
    none = estimate.disk_gb(own_scenes.chosen(framing="tight"), 1000, 0)
    found = estimate.disk_gb(own_scenes.chosen(input_size=321), 1000, 0)
    # 441 cells of 512 channels, in float16, and those of the mirror image.
    assert found - none == pytest.approx(1000 * 441 * 2048 / 1e9)


def test_memory_grows_with_photographs_and_classes():
    small = estimate.memory_gb(own_scenes.chosen(), MANY)
    large = estimate.memory_gb(
        own_scenes.chosen(), photographs("cat", size=(6000, 8000))
    )
    assert large > small > 1


def test_a_slow_start_makes_the_rest_take_longer():
    forecast = estimate.Forecast({"a": 100.0, "b": 100.0})
    assert forecast.left(None, 0) == 200.0
    assert forecast.left("a", 30.0) == 170.0
    forecast.end("a", 200.0)
    assert forecast.left(None, 0) == pytest.approx(100 * 220 / 120)
    forecast.end("b", 200.0)
    assert forecast.left(None, 0) == 0.0


def test_a_progress_bar_tells_more_than_the_estimate():
    forecast = estimate.Forecast({"a": 100.0, "b": 50.0})
    bar = " 45%|####5     | 90/200 [01:00<01:13,  1.50step/s, loss=0.2]"
    assert forecast.left("a", 60.0, bar) == 73.0 + 50.0
    features = "features:  50%|#####     | 5/10 [00:10<00:10,  1.00image/s]"
    assert forecast.left("a", 10.0, features) == 90.0 + 50.0


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1/2 [00:01<1:02:03,  1.0step/s]", 3723.0),
        ("1/2 [00:01<00:03]", 3.0),
        ("0/2 [00:00<?, ?step/s]", None),
        ("a line", None),
    ],
)
def test_remaining_time_is_read_off_a_bar(line, wanted):
    assert estimate.bar_seconds(line) == wanted


def test_nothing_to_do_takes_no_time():
    assert estimate.Forecast({}).left(None, 0) == 0.0
    assert estimate.Forecast({}).factor == 1.0
