from unittest import mock

import cv2
import numpy as np
import pytest

from guided_segmentation import labels
from guided_segmentation.datasets import synthetic
from guided_segmentation.datasets.scenes import (
    composition,
    masks,
    shapes,
)

COUNT = 60


@pytest.fixture(scope="module", name="scenes")
def _scenes():
    return [synthetic.scene("train", index) for index in range(COUNT)]


@pytest.fixture(scope="module", name="saliency_scenes")
def _saliency_scenes():
    return [synthetic.saliency_scene(index) for index in range(COUNT)]


def _bodies(scenes):
    """Yields scene, number and class index of each object."""
    for scene in scenes:
        for number, class_index in enumerate(scene.classes, start=1):
            if class_index:
                yield scene, number, class_index


def _same(first, second):
    return (
        first.image.tobytes() == second.image.tobytes()
        and first.label_map.tobytes() == second.label_map.tobytes()
        and first.instances.tobytes() == second.instances.tobytes()
    )


def test_the_same_seed_draws_the_same_bytes(scenes):
    for index in (0, 7, 31):
        assert _same(scenes[index], synthetic.scene("train", index))


def test_another_seed_draws_another_scene(scenes):
    assert not _same(scenes[3], synthetic.scene("train", 3, seed=1))


def test_scenes_of_another_seed_or_size_have_another_digest():
    sources = [
        synthetic.source("val"),
        synthetic.source("val", seed=1),
        synthetic.source("val", size=(64, 64)),
    ]
    assert len({source.digest for source in sources}) == 3
    assert synthetic.source("val", num_images=3).digest == sources[0].digest


def test_splits_share_no_image():
    sources = [
        synthetic.source(split, num_images=20)
        for split in ("train", "val", "test")
    ]
    sources.append(synthetic.saliency_source(num_images=20))
    images = [s.image(name).tobytes() for s in sources for name in s.image_ids]
    assert len(set(images)) == 80


def test_more_images_begin_with_the_same_ones():
    few = synthetic.source("val", num_images=2)
    many = synthetic.source("val", num_images=5)
    assert few.image_ids == many.image_ids[:2] == ("val_000000", "val_000001")
    np.testing.assert_array_equal(
        few.image("val_000001"), many.image("val_000001")
    )


def test_every_class_appears_in_every_split():
    for split in ("train", "val", "test"):
        source = synthetic.source(split, num_images=30)
        found = [source.image_labels(name) for name in source.image_ids]
        assert np.sum(found, 0).min() >= 2


def test_image_labels_list_the_classes_of_the_label_map():
    source = synthetic.source("train", num_images=COUNT)
    for index, image_id in enumerate(source.image_ids):
        label_map = source.label_map(image_id)
        labels.check(label_map, 7, image_id)
        wanted = set(synthetic.scene("train", index).classes) - {0}
        found = set(np.unique(label_map)) - {0, labels.IGNORE}
        assert found == wanted
        present = np.flatnonzero(source.image_labels(image_id)) + 1
        assert set(present) == wanted


def test_there_are_one_to_three_objects_and_each_number_is_common(scenes):
    counts = [np.count_nonzero(scene.classes) for scene in scenes]
    assert set(counts) == {1, 2, 3}
    assert np.bincount(counts)[1:].min() >= COUNT / 10


def test_objects_of_two_classes_often_touch(scenes):
    touching = 0
    for scene in scenes:
        pairs = set()
        for one, other in (
            (scene.instances[1:], scene.instances[:-1]),
            (scene.instances[:, 1:], scene.instances[:, :-1]),
        ):
            pairs |= set(
                zip(one[one != other], other[one != other], strict=False)
            )
        kinds = [{(0, *scene.classes)[k] for k in pair} for pair in pairs]
        touching += any(len(kind - {0}) == 2 for kind in kinds)
    assert touching >= 0.25 * COUNT


def test_a_contour_of_ignore_separates_all_things(scenes):
    for scene in scenes:
        labelled = scene.label_map != labels.IGNORE
        inside = (labelled & (scene.instances > 0)).astype(np.uint8)
        count, components = cv2.connectedComponents(inside, connectivity=8)
        for component in range(1, count):
            numbers = scene.instances[components == component]
            assert len(np.unique(numbers)) == 1


def test_the_contour_is_thin(scenes):
    for scene in scenes:
        contour = scene.label_map == labels.IGNORE
        assert not masks.erode(masks.erode(contour)).any()


def test_distractors_are_salient_but_background(scenes):
    distractors = 0
    for scene in scenes:
        numbers = np.flatnonzero(np.array([1, *scene.classes]) == 0)
        distractor = np.isin(scene.instances, numbers)
        assert scene.saliency_mask[distractor].all()
        assert np.isin(scene.label_map[distractor], (0, labels.IGNORE)).all()
        distractors += distractor.any()
    assert 0.3 * COUNT <= distractors <= 0.8 * COUNT


def test_all_foreground_is_salient(scenes):
    for scene in scenes:
        foreground = ~np.isin(scene.label_map, (0, labels.IGNORE))
        assert scene.saliency_mask[foreground].all()


def test_the_part_is_a_small_fraction_of_the_object(scenes):
    shares = [
        np.count_nonzero(scene.part_mask & (scene.instances == number))
        / np.count_nonzero(scene.instances == number)
        for scene, number, _ in _bodies(scenes)
    ]
    assert min(shares) > 0.05
    assert max(shares) < 0.55
    assert 0.2 < np.mean(shares) < 0.33


def test_only_objects_of_classes_have_parts(scenes):
    for scene in scenes:
        of_class = np.array([0, *scene.classes])[scene.instances] > 0
        assert not (scene.part_mask & ~of_class).any()


def _body_colours(count):
    """Mean colours of bodies without their parts, and their classes."""
    scenes = (synthetic.scene("train", index) for index in range(count))
    colours, classes = [], []
    for scene, number, class_index in _bodies(scenes):
        body = (scene.instances == number) & ~scene.part_mask
        colours.append(scene.image[masks.erode(body)].mean(0))
        classes.append(class_index)
    return np.array(colours), np.array(classes)


def test_the_colour_of_a_body_does_not_depend_on_its_class():
    """Means of classes differ no more than chance has it (z below 3.5)."""
    colours, classes = _body_colours(150)
    for class_index in range(1, 7):
        chosen = colours[classes == class_index]
        error = colours.std(0) / len(chosen) ** 0.5
        assert (np.abs(chosen.mean(0) - colours.mean(0)) < 3.5 * error).all()


def test_the_colour_of_the_part_determines_the_class(scenes):
    """The mean colour of the nearest class's parts is right far above 1/6."""
    parts = np.array(
        [
            [
                *scene.image[
                    scene.part_mask & (scene.instances == number)
                ].mean(0),
                c,
            ]
            for scene, number, c in _bodies(scenes)
        ]
    )
    means = [parts[parts[:, 3] == c, :3].mean(0) for c in range(1, 7)]
    distances = np.abs(parts[:, None, :3] - np.array(means)).sum(2)
    assert np.mean(distances.argmin(1) + 1 == parts[:, 3]) > 0.8


def test_bodies_are_more_saturated_than_backgrounds(scenes):
    spread = [np.ptp(scene.image.astype(int), axis=2) for scene in scenes]
    salient = np.mean(
        [
            s[x.saliency_mask].mean()
            for s, x in zip(spread, scenes, strict=False)
        ]
    )
    rest = np.mean(
        [
            s[~x.saliency_mask].mean()
            for s, x in zip(spread, scenes, strict=False)
        ]
    )
    assert salient > 3 * rest


def test_a_context_co_occurs_with_its_class():
    with mock.patch.object(
        composition, "compose", side_effect=lambda *args: args
    ):
        drawn = [synthetic.scene("train", index) for index in range(300)]
    both = []
    for _, things, context, _ in drawn:
        found = {thing.class_index for thing in things} - {0}
        contexts = {tuple(shapes.CONTEXTS)[c - 1] for c in found}
        both.append(context in contexts)
    assert 0.6 < np.mean(both) < 0.85


def test_sizes_vary_and_some_objects_are_cut_by_the_border(scenes):
    boxes = [
        masks.tight_box(scene.instances == number)
        for scene, number, _ in _bodies(scenes)
    ]
    extents = [max(b[2] - b[0], b[3] - b[1]) for b in boxes]
    assert min(extents) < 45 and max(extents) > 65
    height, width = synthetic.SIZE
    cut = [
        min(b[0], b[1]) == 0 or b[2] == height or b[3] == width for b in boxes
    ]
    assert 0.05 < np.mean(cut) < 0.5


def test_scenes_of_another_size_have_that_size():
    scene = synthetic.scene("train", 0, size=(80, 100))
    assert scene.image.shape == (80, 100, 3)
    assert scene.label_map.shape == scene.part_mask.shape == (80, 100)
    assert scene.image.dtype == scene.label_map.dtype == np.uint8


def test_the_saliency_set_has_only_things_of_no_class(saliency_scenes):
    for scene in saliency_scenes:
        assert set(scene.classes) == {0}
        assert len(scene.classes) in (1, 2)
        assert not scene.part_mask.any()
        assert 0.02 < scene.saliency_mask.mean() < 0.6


def test_boxes_enclose_the_salient_mask_within_jitter():
    source = synthetic.saliency_source(num_images=COUNT)
    for index, image_id in enumerate(source.image_ids):
        boxes = source.boxes(image_id)
        assert boxes.dtype == np.int32 and boxes.shape == (3, 4)
        mask = synthetic.saliency_scene(index).saliency_mask
        tight = np.array(masks.tight_box(mask))
        extent = np.tile(tight[2:] - tight[:2], 2)
        assert (np.abs(boxes - tight) <= 0.04 * extent + 0.5).all()
        assert (boxes >= 0).all() and (boxes[:, 2:] <= mask.shape).all()
        np.testing.assert_array_equal(source.label_map(image_id), mask)


def test_annotators_disagree():
    source = synthetic.saliency_source(num_images=10)
    boxes = [source.boxes(image_id) for image_id in source.image_ids]
    assert np.mean([len(np.unique(box, axis=0)) > 1 for box in boxes]) > 0.8


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="train, val, test, found 'trainaug'"):
        synthetic.source("trainaug")


def test_an_empty_split_is_refused():
    with pytest.raises(ValueError, match="synthetic/val is empty"):
        synthetic.source("val", num_images=0)


def test_too_small_images_are_refused():
    with pytest.raises(
        ValueError, match="at least 64 px a side, found 40 x 99"
    ):
        synthetic.source("val", size=(40, 99))
    with pytest.raises(ValueError, match="at least 64 px"):
        synthetic.saliency_source(size=(99, 40))
