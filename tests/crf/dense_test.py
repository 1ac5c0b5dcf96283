import exact_crf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydensecrf import densecrf
from scipy.special import softmax

from guided_segmentation import crf


def random_case(seed=0, size=(40, 50), num_classes=3):
    """Two flat colours with noise, and random energies."""
    random = np.random.default_rng(seed)
    image = np.full((*size, 3), 60, np.uint8)
    image[:, size[1] // 2 :] = 180
    image += random.integers(0, 12, image.shape, np.uint8)
    energy = random.random((*size, num_classes)).astype(np.float32)
    return image, energy


def dense_crf_2d(image, energy, chosen):
    """pydensecrf's own interface for whole images."""
    height, width, num_classes = energy.shape
    field = densecrf.DenseCRF2D(width, height, num_classes)
    unary = energy.reshape(-1, num_classes).T
    field.setUnaryEnergy(np.ascontiguousarray(unary, np.float32))
    field.addPairwiseGaussian(
        sxy=chosen.gaussian_xy_px, compat=chosen.gaussian_weight
    )
    field.addPairwiseBilateral(
        sxy=chosen.bilateral_xy_px,
        srgb=chosen.bilateral_rgb,
        rgbim=image,
        compat=chosen.bilateral_weight,
    )
    inferred = np.array(field.inference(chosen.num_steps))
    return inferred.T.reshape(energy.shape)


@pytest.mark.parametrize("num_steps", [0, 1, 10])
def test_without_edges_the_probabilities_are_the_softmax(num_steps):
    image, energy = random_case()
    without = crf.CrfSettings(
        bilateral_weight=0, gaussian_weight=0, num_steps=num_steps
    )
    np.testing.assert_allclose(
        crf.infer(image, energy, without), softmax(-energy, axis=2), atol=1e-6
    )


def test_without_steps_the_probabilities_are_the_softmax():
    image, energy = random_case()
    np.testing.assert_allclose(
        crf.infer(image, energy, crf.CrfSettings(num_steps=0)),
        softmax(-energy, axis=2),
        atol=1e-6,
    )


@pytest.mark.parametrize("name", sorted(crf.SETTINGS))
def test_a_full_mask_equals_no_mask_and_the_crf_of_whole_images(name):
    image, energy = random_case()
    whole = crf.infer(image, energy, crf.SETTINGS[name])
    everywhere = np.ones(image.shape[:2], bool)
    masked = crf.infer(image, energy, crf.SETTINGS[name], everywhere)
    np.testing.assert_array_equal(whole, masked)
    np.testing.assert_allclose(
        whole, dense_crf_2d(image, energy, crf.SETTINGS[name]), atol=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weights", [(0, 3), (4, 0), (1, 1), (4, 3)])
def test_infer_is_near_an_exact_mean_field_on_a_masked_image(seed, weights):
    """The lattice approximates the kernels, here to within 0.03."""
    image, energy = random_case(seed, size=(16, 20))
    energy[:, :10, 0] -= 0.5
    energy[:, 10:, 1] -= 0.5
    mask = np.random.default_rng(seed).random((16, 20)) < 0.7
    chosen = crf.CrfSettings(
        bilateral_weight=weights[0], gaussian_weight=weights[1], num_steps=5
    )
    inferred = crf.infer(image, energy, chosen, mask)[mask]
    exact = exact_crf.mean_field(image, energy, chosen, mask)
    np.testing.assert_allclose(inferred, exact, atol=0.03)
    np.testing.assert_array_equal(inferred.argmax(1), exact.argmax(1))
    # The edges do matter here: a bare softmax would miss the bound.
    assert np.abs(softmax(-energy[mask], axis=1) - exact).max() > 0.2


def test_outside_the_mask_every_probability_is_zero_and_inside_they_sum_to_1():
    image, energy = random_case()
    mask = np.zeros(image.shape[:2], bool)
    mask[5:20, 10:30] = True
    probabilities = crf.infer(image, energy, mask=mask)
    assert probabilities.dtype == np.float32
    assert not probabilities[~mask].any()
    np.testing.assert_allclose(probabilities[mask].sum(axis=1), 1, atol=1e-5)


def test_pixels_outside_the_mask_have_no_influence():
    image, energy = random_case()
    mask = np.zeros(image.shape[:2], bool)
    mask[5:20, 10:30] = True
    inside = mask[..., None]
    np.testing.assert_array_equal(
        crf.infer(image, energy, mask=mask),
        crf.infer(
            np.where(inside, image, 255 - image),
            np.where(inside, energy, 9 - 9 * energy),
            mask=mask,
        ),
    )


def test_an_empty_mask_gives_zeros_and_a_single_node_keeps_its_class():
    image, energy = random_case()
    mask = np.zeros(image.shape[:2], bool)
    assert not crf.infer(image, energy, mask=mask).any()
    mask[3, 4] = True
    lonely = crf.infer(image, energy, mask=mask)[3, 4]
    assert lonely.argmax() == energy[3, 4].argmin()
    np.testing.assert_allclose(lonely.sum(), 1, atol=1e-5)


def test_one_class_is_certain():
    image, energy = random_case(num_classes=1)
    np.testing.assert_allclose(crf.infer(image, energy), 1, atol=1e-6)


def test_a_uniform_image_takes_the_class_most_pixels_prefer():
    """Nothing in the image parts the few from the many."""
    image = np.full((30, 30, 3), 90, np.uint8)
    energy = np.zeros((30, 30, 2), np.float32)
    energy[..., 1] = 0.4
    energy[10:14, 10:14] = 0.4, 0.0
    assert (crf.infer(image, energy).argmax(axis=2) == 0).all()
    assert (energy[10:14, 10:14].argmin(axis=2) == 1).all()


def test_labels_spread_up_to_an_edge_of_the_image_and_no_further():
    image, _ = random_case()
    energy = np.zeros((*image.shape[:2], 2), np.float32)
    energy[15:25, 3:8] = 0, 2
    energy[15:25, 42:47] = 2, 0
    found = crf.infer(image, energy).argmax(axis=2)
    wanted = np.zeros(image.shape[:2], int)
    wanted[:, 25:] = 1
    np.testing.assert_array_equal(found, wanted)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    order=st.permutations(range(3)),
    name=st.sampled_from(sorted(crf.SETTINGS)),
)
def test_the_order_of_the_classes_does_not_matter(seed, order, name):
    image, energy = random_case(seed, size=(9, 11))
    order = list(order)
    np.testing.assert_allclose(
        crf.infer(image, energy[..., order], crf.SETTINGS[name]),
        crf.infer(image, energy, crf.SETTINGS[name])[..., order],
        atol=1e-4,
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.floats(-20, 20))
def test_an_energy_common_to_all_classes_changes_nothing(seed, shift):
    image, energy = random_case(seed, size=(9, 11))
    np.testing.assert_allclose(
        crf.infer(image, energy + np.float32(shift)),
        crf.infer(image, energy),
        atol=1e-3,
    )


def test_postprocess_without_edges_is_the_argmax():
    image, energy = random_case()
    probabilities = softmax(-energy, axis=2)
    label_map = crf.postprocess(image, probabilities, crf.NONE)
    assert label_map.dtype == np.uint8
    np.testing.assert_array_equal(label_map, probabilities.argmax(axis=2))


def test_postprocess_fills_a_hole_and_accepts_probabilities_0_and_1():
    image, _ = random_case()
    wanted = np.zeros(image.shape[:2], np.uint8)
    wanted[:, 25:] = 2
    probabilities = np.eye(3)[wanted]
    probabilities[20, 10] = 0.4, 0.0, 0.6
    np.testing.assert_array_equal(crf.postprocess(image, probabilities), wanted)


def test_infer_does_not_change_its_arguments():
    image, energy = random_case()
    before = image.copy(), energy.copy()
    crf.infer(image, energy)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(energy, before[1])


def test_an_image_of_floats_is_refused():
    image, energy = random_case()
    with pytest.raises(
        ValueError,
        match=r"wanted a \[height, width, 3\] uint8 RGB image, got float32 of "
        r"shape \(40, 50, 3\); give the photograph itself, unscaled",
    ):
        crf.infer(image.astype(np.float32) / 255, energy)


def test_a_grey_image_is_refused():
    image, energy = random_case()
    with pytest.raises(ValueError, match=r"RGB image, got uint8 of .*40, 50\)"):
        crf.infer(image[..., 0], energy)


@pytest.mark.parametrize("wrong", ["energy", "mask"])
def test_sizes_that_differ_are_named(wrong):
    image, energy = random_case()
    mask = np.ones(image.shape[:2], bool)
    if wrong == "energy":
        energy = energy[:-1]
    else:
        mask = mask[:-1]
    with pytest.raises(
        ValueError,
        match=r"image, energy and mask must share height and width, got "
        rf"\(40, 50, 3\), .*{39}, 50.*; resize all to the image",
    ):
        crf.infer(image, energy, mask=mask)


def test_a_mask_of_numbers_is_refused():
    image, energy = random_case()
    with pytest.raises(ValueError, match=r"mask must be bool, got float64"):
        crf.infer(image, energy, mask=np.ones(image.shape[:2]))


def test_energies_that_are_not_finite_are_counted():
    image, energy = random_case()
    energy[0, 0, 0], energy[1, 1, 1] = np.inf, np.nan
    with pytest.raises(
        ValueError,
        match=r"energies must be finite, got 2 that are not; clip the "
        r"probabilities before the logarithm",
    ):
        crf.infer(image, energy)


def test_a_box_of_a_photograph_is_refined_as_within_it():
    image, energy = random_case()
    mask = np.zeros(image.shape[:2], bool)
    mask[7:31, 11:45] = np.random.default_rng(1).random((24, 34)) < 0.8
    box = np.s_[7:31, 11:45]
    found = crf.infer(
        image[box], energy[box], crf.DEEPLAB, mask[box], origin=(7, 11)
    )
    wanted = crf.infer(image, energy, crf.DEEPLAB, mask)
    np.testing.assert_array_equal(found, wanted[box])
