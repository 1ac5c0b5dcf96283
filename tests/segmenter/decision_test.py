import hypothesis
import numpy as np
from hypothesis import strategies
from hypothesis.extra import numpy as arrays
from segmenter_samples import STRONG, halves, unsure

from guided_segmentation import crf, segmenter


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
