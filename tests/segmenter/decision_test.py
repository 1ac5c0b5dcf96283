import hypothesis
import numpy as np
from hypothesis import strategies
from hypothesis.extra import numpy as arrays
from segmenter_samples import STRONG, halves, unsure

from guided_segmentation import artifacts, crf, segmenter
from guided_segmentation.segmenter import decision


def test_without_a_crf_the_class_of_highest_probability_wins():
    probabilities = np.array([[[0.2, 0.5, 0.3], [0.4, 0.1, 0.5]]], np.float32)
    label_map = segmenter.label_map(halves(1, 2), probabilities)
    assert label_map.dtype == np.uint8
    assert label_map.tolist() == [[1, 2]]


def test_with_a_crf_a_pixel_follows_pixels_of_its_colour():
    image = halves()
    probabilities = unsure(image)
    plain = segmenter.label_map(image, probabilities)
    refined = segmenter.label_map(image, probabilities, STRONG)
    assert (plain[5, 5], plain[5, 25]) == (1, 0)
    np.testing.assert_array_equal(refined, image[..., 0] > 100)
    assert refined.dtype == np.uint8


def test_a_crf_without_pairwise_terms_is_no_crf():
    image = halves()
    probabilities = unsure(image)
    np.testing.assert_array_equal(
        segmenter.label_map(image, probabilities, crf.NONE),
        segmenter.label_map(image, probabilities),
    )


@hypothesis.given(
    arrays.arrays(
        np.float32,
        strategies.tuples(
            strategies.integers(1, 4),
            strategies.integers(1, 4),
            strategies.integers(2, 5),
        ),
        elements=strategies.floats(0, 1, width=32),
    )
)
def test_margins_are_those_of_sorted_probabilities(probabilities):
    ordered = np.sort(probabilities, axis=-1)
    wanted = ordered[..., -1] - ordered[..., -2]
    np.testing.assert_array_equal(segmenter.margins(probabilities), wanted)


def test_classes_of_probability_0_are_left_out_of_the_crf(monkeypatch):
    image = halves()
    possible = unsure(image)[..., :2]
    probabilities = np.zeros((*image.shape[:2], 6), np.float32)
    probabilities[..., [1, 4]] = possible
    wanted = crf.postprocess(image, probabilities, STRONG)
    seen = []
    real = crf.postprocess

    def postprocess(image, probabilities, settings):
        seen.append(probabilities.shape[-1])
        return real(image, probabilities, settings)

    monkeypatch.setattr(crf, "postprocess", postprocess)
    found = segmenter.label_map(image, probabilities, STRONG)
    assert seen == [2]
    assert found.dtype == np.uint8
    assert set(np.unique(found)) == {1, 4}
    np.testing.assert_array_equal(found, wanted)


def test_saliency_is_multiplied_with_the_probabilities():
    """By hand: 0.6 * 0.2 and 0.4 * 0.8 are to each other as 3 and 8."""
    pixel = np.array([[[0.6, 0.4, 0.0]]], np.float32)
    salient = np.array([[0.8]], np.float32)
    found = decision.with_saliency(pixel, salient, 1.0)
    np.testing.assert_allclose(found, [[[3 / 11, 8 / 11, 0]]], rtol=1e-6)
    found = decision.with_saliency(pixel, salient, 2.0)
    np.testing.assert_allclose(found, [[[3 / 35, 32 / 35, 0]]], rtol=1e-6)


def test_saliency_of_one_half_or_weight_0_changes_nothing():
    probabilities = unsure(halves())
    for level, weight in ((0.5, 2.0), (0.9, 0.0)):
        salient = np.full(probabilities.shape[:2], level, np.float32)
        found = decision.with_saliency(probabilities, salient, weight)
        np.testing.assert_allclose(found, probabilities, rtol=1e-5)


def test_a_saliency_map_cannot_exclude_an_object_or_make_one():
    """A detector that is sure, and wrong, loses against a sure network."""
    pixels = np.array([[[0.01, 0.99], [0.99, 0.01], [1, 0]]], np.float32)
    salient = np.array([[0.0, 1.0, 1.0]], np.float32)
    found = decision.with_saliency(pixels, salient, 1.0)
    assert found.argmax(-1).tolist() == [[1, 0, 0]]
    assert found[0, 2].tolist() == [1, 0]


@hypothesis.given(
    arrays.arrays(
        np.float32, (2, 3, 4), elements=strategies.floats(0, 1, width=32)
    ),
    arrays.arrays(
        np.float32, (2, 3), elements=strategies.floats(0, 1, width=32)
    ),
    strategies.floats(0, 3),
)
def test_saliency_keeps_the_sum_of_a_pixel_and_the_order_of_objects(
    probabilities, salient, weight
):
    found = decision.with_saliency(probabilities, salient, weight)
    np.testing.assert_allclose(
        found.sum(-1), probabilities.sum(-1), rtol=1e-4, atol=1e-30
    )
    order = found[..., 1:].argmax(-1)[..., None]
    taken = np.take_along_axis(probabilities[..., 1:], order, -1)[..., 0]
    np.testing.assert_allclose(
        taken, probabilities[..., 1:].max(-1), rtol=1e-6, atol=1e-30
    )


def test_a_small_saliency_map_is_resized_to_its_photograph(tmp_path):
    image = halves(4, 8)
    artifacts.write_saliency_map(
        tmp_path / "a.png", np.array([[0.0, 1.0]], np.float32)
    )
    maps = segmenter.SaliencyMaps(tmp_path, 1.0)
    even = np.full((*image.shape[:2], 2), 0.5, np.float32)
    found = maps.combined("a", even)
    assert found.shape == (4, 8, 2)
    assert found.argmax(-1).tolist() == [[0] * 4 + [1] * 4] * 4
