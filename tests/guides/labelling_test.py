import dataclasses
import re
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from guided_segmentation import artifacts, guides, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.guides import labelling

PETS = labels.LabelSet(("cat", "dog"))
IDS = ("2007_000032", "2007_000039")
SETTINGS = guides.GuideSettings(
    seed_min_area=guides.Area("1px"), background_min_area=guides.Area("1px")
)


def truth(image_id):
    """A cat or a dog of 4 x 6 pixels in an image of 10 x 12."""
    label_map = np.zeros((10, 12), np.uint8)
    label_map[3:7, 2:8] = 1 + IDS.index(image_id)
    label_map[0, 0] = labels.IGNORE
    return label_map


SOURCE = schema.Source(
    name="pets",
    image_ids=IDS,
    image=lambda image_id: np.repeat(truth(image_id)[..., None], 3, -1),
    image_labels=lambda image_id: labels.present(truth(image_id), 2),
    label_map=truth,
    label_set=PETS,
)


@pytest.fixture(name="folders")
def _folders(tmp_path):
    """Seeds on the first columns of the animal, saliency on all of it."""
    for image_id in IDS:
        seeds = truth(image_id) % 255
        seeds[:, 4:] = 0
        salient = np.where(truth(image_id) % 255, 0.9, 0.3)
        name = f"{image_id}.png"
        artifacts.write_label_map(tmp_path / "seeds" / name, seeds)
        artifacts.write_saliency_map(tmp_path / "saliency" / name, salient)
    return {
        "seeds_dir": tmp_path / "seeds",
        "saliency_dir": tmp_path / "saliency",
    }


def test_g2_reads_seeds_and_saliency_from_their_folders(folders):
    label = labelling.labeller("g2", SOURCE, settings=SETTINGS, **folders)
    for image_id in IDS:
        np.testing.assert_array_equal(label(image_id), truth(image_id) % 255)


@pytest.mark.parametrize("maximum", [1, 2, 127, 255])
@pytest.mark.parametrize("guide", ["g0", "g1", "g2", "oaa"])
def test_saliency_maps_of_any_maximum_give_the_same_guide(
    guide, maximum, folders
):
    label = labelling.labeller(
        guide, SOURCE, settings=SETTINGS, classifier=classifier, **folders
    )
    wanted = label(IDS[1])
    assert (wanted == 2).any()
    salient = np.where(truth(IDS[1]) % 255, maximum, maximum // 3)
    artifacts.write_saliency_map(
        folders["saliency_dir"] / f"{IDS[1]}.png", salient / 255
    )
    np.testing.assert_array_equal(label(IDS[1]), wanted)


def classifier(image, numbers):
    """Returns logits of which dog rises in every region."""
    return np.array([[1, 1], *([[0, 2]] * numbers.max())], np.float32)


def test_a_labeller_returns_the_guide_of_its_name(folders):
    for guide in guides.GUIDES:
        label = labelling.labeller(
            guide, SOURCE, settings=SETTINGS, classifier=classifier, **folders
        )
        evidence = guides.Evidence(
            image_id=IDS[1],
            image=SOURCE.image(IDS[1]),
            image_labels=np.array([False, True]),
            seeds=artifacts.read_label_map(
                folders["seeds_dir"] / f"{IDS[1]}.png"
            ),
            saliency_mask=truth(IDS[1]) == 2,
            classifier=classifier,
            truth=truth(IDS[1]),
        )
        expected = guides.GUIDES[guide](evidence, SETTINGS)
        np.testing.assert_array_equal(label(IDS[1]), expected)


def test_settings_reach_the_guide(folders):
    strict = dataclasses.replace(SETTINGS, seed_min_area=guides.Area("25px"))
    label = labelling.labeller("g2", SOURCE, settings=strict, **folders)
    salient = truth(IDS[0]) == 1
    assert (label(IDS[0])[salient] == labels.IGNORE).all()


@pytest.mark.parametrize("guide", ["seeds_only", "full", "g0"])
def test_a_labeller_needs_no_other_folders_than_its_guide(guide, folders):
    needed = {
        "seeds_only": {"seeds_dir"},
        "g0": {"saliency_dir"},
        "full": set(),
    }[guide]  # fmt: skip
    given = {name: folders[name] for name in needed}
    without_truth = dataclasses.replace(SOURCE, label_map=None)
    source = SOURCE if guide == "full" else without_truth
    made = labelling.labeller(guide, source, **given)(IDS[0])
    assert (made.shape, made.dtype) == ((10, 12), np.uint8)


@pytest.mark.parametrize(
    ("guide", "missing", "message"),
    [
        (
            "seeds_only",
            "seeds_dir",
            r"guide seeds_only needs seeds: name their folder by --seeds_dir "
            r"\(bin/make_seeds writes it\)",
        ),
        (
            "g0",
            "saliency_dir",
            r"guide g0 needs saliency_mask: name the folder of saliency maps "
            r"by --saliency_dir \(bin/make_saliency writes it\)",
        ),
        (
            "g1",
            "classifier",
            r"guide g1 needs classifier: name its folder by --classifier_dir "
            r"\(bin/train_seeder --seeder=vgg16 writes it\)",
        ),
    ],
)
def test_a_guide_without_its_folder_says_which_binary_writes_it(
    guide, missing, message, folders
):
    given = {**folders, missing: None}
    with pytest.raises(ValueError, match=message):
        labelling.labeller(guide, SOURCE, **given)


def test_the_true_label_map_is_a_guide_without_image_labels():
    """They are not even read."""
    for image_labels in (None, pytest.fail):
        source = dataclasses.replace(SOURCE, image_labels=image_labels)
        guide = labelling.labeller("full", source)(IDS[0])
        np.testing.assert_array_equal(guide, truth(IDS[0]))


@pytest.mark.parametrize(
    "guide", ["seeds_only", "g0", "g1", "g2", "oaa", "saliency_oracle"]
)
def test_other_guides_need_data_with_image_labels(guide, folders):
    source = dataclasses.replace(SOURCE, image_labels=None)
    with pytest.raises(
        ValueError,
        match=f"guide {guide} needs image_labels: choose a data set with "
        f"image-level labels, or give them by --image_labels",
    ):
        labelling.labeller(guide, source, classifier=classifier, **folders)


@pytest.mark.parametrize("guide", ["full", "saliency_oracle"])
def test_a_guide_of_truth_needs_data_with_truth(guide, folders):
    source = dataclasses.replace(SOURCE, label_map=None)
    with pytest.raises(
        ValueError,
        match=f"guide {guide} needs truth: choose a data set with true label "
        f"maps",
    ):
        labelling.labeller(guide, source, **folders)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (
            "seeds_dir",
            "no seeds for image '2007_000032' in {}; run bin/make_seeds first",
        ),
        (
            "saliency_dir",
            "no saliency map for image '2007_000032' in {}; run "
            "bin/make_saliency first",
        ),
    ],
)
def test_missing_evidence_names_the_image(folder, message, folders):
    (folders[folder] / f"{IDS[0]}.png").unlink()
    label = labelling.labeller("g2", SOURCE, **folders)
    label(IDS[1])
    with pytest.raises(
        FileNotFoundError, match=re.escape(message.format(folders[folder]))
    ):
        label(IDS[0])


@pytest.mark.parametrize("folder", ["seeds_dir", "saliency_dir"])
def test_evidence_of_another_size_names_the_image(folder, folders):
    path = folders[folder] / f"{IDS[0]}.png"
    artifacts.write_label_map(path, np.zeros((3, 4), np.uint8))
    if folder == "saliency_dir":
        artifacts.write_saliency_map(path, np.zeros((3, 4)))
    label = labelling.labeller("g2", SOURCE, **folders)
    with pytest.raises(
        ValueError, match=r"'2007_000032': .* got \(3, 4\) for an image of \(10"
    ):
        label(IDS[0])


def test_seeds_outside_the_label_set_name_the_file(folders):
    path = folders["seeds_dir"] / f"{IDS[0]}.png"
    artifacts.write_label_map(path, np.full((10, 12), 7, np.uint8))
    label = labelling.labeller("seeds_only", SOURCE, **folders)
    with pytest.raises(
        ValueError,
        match=r"2007_000032\.png: wanted class indices 0 to 2 .* \[7\]",
    ):
        label(IDS[0])


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_a_cached_guide_is_made_once(where, tmp_path):
    made = []

    def label(image_id):
        made.append(image_id)
        return truth(image_id)

    cache_dir = tmp_path / "guides" if where == "folder" else None
    label_once = labelling.cached(label, cache_dir)
    for _ in range(3):
        for image_id in IDS:
            again = label_once(image_id)
            np.testing.assert_array_equal(again, truth(image_id))
            assert again.dtype == np.uint8
    assert made == list(IDS)


def test_guides_cached_in_a_folder_are_read_by_the_next_process(tmp_path):
    labelling.cached(truth, tmp_path)(IDS[0])
    label_once = labelling.cached(pytest.fail, tmp_path)
    np.testing.assert_array_equal(label_once(IDS[0]), truth(IDS[0]))
    assert [path.name for path in tmp_path.iterdir()] == [f"{IDS[0]}.png"]


def test_a_guide_that_fails_is_not_cached(tmp_path):
    answers = [ValueError("bad seeds"), truth(IDS[0])]

    def label(_):
        answer = answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    label_once = labelling.cached(label, tmp_path)
    with pytest.raises(ValueError, match="bad seeds"):
        label_once(IDS[0])
    np.testing.assert_array_equal(label_once(IDS[0]), truth(IDS[0]))


def test_guides_made_ahead_equal_those_cached_in_training(tmp_path, folders):
    label = labelling.labeller("g2", SOURCE, settings=SETTINGS, **folders)
    labelling.make_guides(label, SOURCE, tmp_path / "ahead")
    for image_id in IDS:
        labelling.cached(label, tmp_path / "training")(image_id)
        ahead, in_training = (
            (tmp_path / folder / f"{image_id}.png").read_bytes()
            for folder in ("ahead", "training")
        )
        assert ahead == in_training


def test_only_missing_guides_are_made(tmp_path):
    made = []

    def label(image_id):
        made.append(image_id)
        return truth(image_id)

    labelling.make_guides(label, SOURCE, tmp_path)
    (tmp_path / f"{IDS[1]}.png").unlink()
    labelling.make_guides(label, SOURCE, tmp_path)
    labelling.make_guides(label, SOURCE, tmp_path)
    assert sorted(made) == [*IDS, IDS[1]]


def test_a_missing_file_names_its_image_inside_a_pipeline(folders):
    (folders["seeds_dir"] / f"{IDS[0]}.png").unlink()
    label = labelling.labeller("g2", SOURCE, **folders)
    with pytest.raises(
        tf.errors.OpError, match="no seeds for image '2007_000032'"
    ):
        list(pipeline.in_order(IDS, {"label_map": label}))


@pytest.mark.parametrize(
    ("guide", "message"),
    [
        (
            np.zeros((3, 4), np.uint8),
            r"wanted a guide of height .* width .* found \(3, 4\)",
        ),
        (None, r"wanted class indices 0 to 2 .* \[7\]"),
    ],
)
def test_a_guide_in_the_folder_that_does_not_fit_is_refused(
    tmp_path, guide, message
):
    image_id = IDS[0]
    if guide is None:
        guide = np.full(SOURCE.image(image_id).shape[:2], 7, np.uint8)
    artifacts.write_label_map(tmp_path / f"{image_id}.png", guide)
    label_once = labelling.cached(pytest.fail, tmp_path, source=SOURCE)
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"{image_id}\.png: {message}"):
            label_once(image_id)


def test_a_guide_in_the_folder_that_fits_is_used(tmp_path):
    guide = np.ones(SOURCE.image(IDS[0]).shape[:2], np.uint8)
    artifacts.write_label_map(tmp_path / f"{IDS[0]}.png", guide)
    label_once = labelling.cached(pytest.fail, tmp_path, source=SOURCE)
    for _ in range(2):
        np.testing.assert_array_equal(label_once(IDS[0]), guide)


def test_a_guide_in_the_folder_is_checked_by_the_header_of_the_photograph(
    tmp_path,
):
    """The photograph is not decoded."""
    image_id = IDS[0]
    height, width = SOURCE.image(image_id).shape[:2]
    Image.new("RGB", (width, height)).save(tmp_path / "photograph.jpg")
    source = dataclasses.replace(
        SOURCE,
        image=pytest.fail,
        photograph=lambda _: tmp_path / "photograph.jpg",
    )
    guide = np.zeros((height, width), np.uint8)
    artifacts.write_label_map(tmp_path / f"{image_id}.png", guide)
    label_once = labelling.cached(pytest.fail, tmp_path, source=source)
    np.testing.assert_array_equal(label_once(image_id), guide)


def peak_bytes(num_images, monkeypatch, tmp_path):
    """Peak of Python's memory while guides of a simulated listing are made."""
    written = []
    monkeypatch.setattr(
        artifacts, "write_label_map", lambda path, found: written.append(1)
    )
    source = dataclasses.replace(
        SOURCE, image_ids=tuple(f"image_{k:06}" for k in range(num_images))
    )
    guide = np.zeros((64, 64), np.uint8)
    tracemalloc.start()
    try:
        labelling.make_guides(lambda _: guide.copy(), source, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(written) == num_images
    return peak


def test_memory_does_not_grow_with_the_number_of_images(monkeypatch, tmp_path):
    peak_bytes(10, monkeypatch, tmp_path)  # Imports and traces.
    few = peak_bytes(100, monkeypatch, tmp_path)
    many = peak_bytes(1000, monkeypatch, tmp_path)
    # The names and a list of them; a guide alone has 4,096 bytes. 100,000
    # images take 50 MB at most.
    assert (many - few) / 900 < 500
