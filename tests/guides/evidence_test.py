import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import FOUR, REGION, evidence, grid, scene

from guided_segmentation import guides, labels


def classifier(image, numbers):
    """Returns random logits for the image and each of its regions."""
    generator = np.random.default_rng(numbers.max())
    return generator.normal(size=(numbers.max() + 1, 5)).astype(np.float32)


@pytest.mark.parametrize("name", guides.GUIDES)
def test_every_guide_needs_the_parts_that_requires_lists_and_no_others(name):
    seeds, mask = grid(FOUR), grid(REGION).astype(bool)
    parts = {"seeds": seeds, "saliency_mask": mask, "truth": seeds}
    parts["classifier"] = classifier
    parts["image_labels"] = np.array([True, True, False, False, False])
    needed = {part: parts[part] for part in guides.REQUIRES[name]}
    image = np.zeros((*seeds.shape, 3), np.uint8)
    guide = guides.GUIDES[name](
        guides.Evidence(image_id="2007_000032", image=image, **needed)
    )
    assert (guide.dtype, guide.shape) == (np.uint8, seeds.shape)


REMEDIES = {
    "image_labels": "give image-level labels",
    "seeds": "run bin/make_seeds first",
    "saliency_mask": "run bin/make_saliency first",
    "classifier": "run bin/train_seeder --seeder=vgg16 first",
    "truth": "choose a data set that has true label maps",
}


@pytest.mark.parametrize(
    ("name", "missing"),
    [(name, part) for name in guides.GUIDES for part in guides.REQUIRES[name]],
)
def test_missing_evidence_names_image_guide_and_remedy(name, missing):
    seeds, mask = grid(FOUR), grid(REGION).astype(bool)
    parts = {"seeds": seeds, "saliency_mask": mask, "truth": seeds}
    parts["classifier"] = classifier
    known = dataclasses.replace(evidence(**parts), **{missing: None})
    with pytest.raises(ValueError) as error:
        guides.GUIDES[name](known)
    assert str(error.value) == (
        f"image '2007_000032': guide {name} needs {missing}, found none; "
        f"{REMEDIES[missing]}"
    )


@pytest.mark.parametrize("preset", guides.PRESETS)
@pytest.mark.parametrize(
    "name", [name for name in guides.GUIDES if name != "full"]
)
def test_the_guide_of_an_image_without_objects_is_background(name, preset):
    """Stray seeds, saliency and even truth change nothing."""
    known = evidence(
        grid(FOUR),
        grid(REGION).astype(bool),
        present=(),
        truth=grid(FOUR),
        classifier=classifier,
    )
    guide = guides.GUIDES[name](known, guides.PRESETS[preset])
    assert (guide.dtype, guide.shape) == (np.uint8, known.seeds.shape)
    assert (guide == labels.BACKGROUND).all()


def test_guides_and_requires_have_the_same_names_in_the_same_order():
    assert list(guides.GUIDES) == list(guides.REQUIRES)


@pytest.mark.parametrize("part", ["seeds", "saliency_mask", "truth"])
def test_evidence_of_another_size_names_image_and_both_shapes(part):
    image = np.zeros((6, 8, 3), np.uint8)
    dtype = bool if part == "saliency_mask" else np.uint8
    with pytest.raises(ValueError) as error:
        evidence(image=image, **{part: np.zeros((6, 7), dtype)})
    assert str(error.value) == (
        f"image '2007_000032': {part} must have the size of the image, got "
        f"(6, 7) for an image of (6, 8); resize before labelling"
    )


@pytest.mark.parametrize("part", ["seeds", "saliency_mask", "truth"])
def test_evidence_of_another_dtype_names_image_and_dtype(part):
    wanted = "bool" if part == "saliency_mask" else "uint8"
    with pytest.raises(ValueError) as error:
        evidence(**{part: np.zeros((6, 7), np.int32)})
    assert str(error.value) == (
        f"image '2007_000032': {part} must be {wanted}, got int32; convert "
        f"before labelling"
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    name=st.sampled_from(["seeds_only", "g0", "g1", "g2", "oaa"]),
)
def test_no_guide_has_an_absent_class(seed, name):
    known = dataclasses.replace(scene(seed), classifier=classifier)
    present = guides.present_classes(known.image_labels)
    guide = guides.GUIDES[name](known)
    assert np.isin(guide, [labels.BACKGROUND, labels.IGNORE, *present]).all()
