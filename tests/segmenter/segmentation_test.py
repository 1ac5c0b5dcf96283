import dataclasses
import threading
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
import thin_networks
from segmenter_samples import STRONG, halves, unsure

from guided_segmentation import artifacts, crf, labels, large, segmenter
from guided_segmentation.datasets import label_files, schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import dense_predictor, prediction
from guided_segmentation.segmenter import decision


def source(count=3):
    return schema.Source(
        name="halves",
        image_ids=tuple(f"2007_{index}" for index in range(count)),
        image=lambda image_id: halves(width=20 + 10 * int(image_id[-1])),
    )


def test_every_photograph_gets_a_label_map_of_its_own_size(tmp_path):
    seen = []

    def predict(image):
        assert image.shape[0] == 1
        seen.append(image.shape[2])
        bright = tf.cast(image[..., 0] > 100, tf.float32)
        return tf.stack([1 - bright, bright], -1)

    segmenter.segment_images(predict, source(), {tmp_path: None})
    assert seen == [20, 30, 40]
    for image_id in source().image_ids:
        label_map = artifacts.read_label_map(tmp_path / f"{image_id}.png")
        expected = source().image(image_id)[..., 0] > 100
        np.testing.assert_array_equal(label_map, expected)
    (tmp_path / "2007_1.png").unlink()
    segmenter.segment_images(predict, source(), {tmp_path: None})
    segmenter.segment_images(predict, source(), {tmp_path: None})
    assert seen == [20, 30, 40, 30]


def test_processes_that_share_a_folder_take_the_margins_themselves(tmp_path):
    """Label maps that exist are not written again; their margins are told."""
    folders = {tmp_path / "alone": None, tmp_path / "shared": None}
    for folder in folders:
        taken = {}
        take = None if folder.name == "alone" else taken.__setitem__
        for _ in range(2):
            segmenter.segment_images(
                bright_or_dark,
                source(),
                {folder: None},
                take_margin=take,
            )
    written = segmenter.read_margins(tmp_path / "alone")
    assert {i: round(margin, 6) for i, margin in taken.items()} == written
    assert len(written) == 3
    assert not (tmp_path / "shared" / "margins.csv").exists()
    path = tmp_path / "shared" / "2007_0.png"
    before = path.stat().st_mtime_ns
    segmenter.segment_images(
        bright_or_dark,
        source(1),
        {tmp_path / "shared": None},
        take_margin=taken.__setitem__,
    )
    assert path.stat().st_mtime_ns == before


def test_images_lack_any_of_their_files(tmp_path):
    folders = [tmp_path / "plain", tmp_path / "crf"]
    more = {
        "overlay_dir": tmp_path / "overlays",
        "probabilities_dir": tmp_path / "probabilities",
    }
    names = ["plain/a.png", "crf/a.png", "overlays/a.jpg"]
    names += ["probabilities/a.npz", "plain/b.png", "crf/b.png"]
    for name in names:
        artifacts.write_bytes(tmp_path / name, b"")
    assert segmenter.missing(["a", "b", "c"], folders) == ["c"]
    assert segmenter.missing(["a", "b", "c"], folders, **more) == ["b", "c"]
    for name in names[:4]:
        (tmp_path / name).rename(tmp_path / "away")
        assert segmenter.missing(["a"], folders, **more) == ["a"]
        (tmp_path / "away").rename(tmp_path / name)


def test_one_prediction_serves_a_folder_without_and_one_with_crf(tmp_path):
    calls = []

    def predict(image):
        calls.append(image.shape)
        return unsure(image[0])[None]

    one = schema.Source(
        name="one", image_ids=("2007_1",), image=lambda _: halves()
    )
    folders = {tmp_path / "plain": None, tmp_path / "plain" / "crf": STRONG}
    segmenter.segment_images(predict, one, folders)
    segmenter.segment_images(predict, one, folders)
    assert len(calls) == 1
    plain, refined = (
        artifacts.read_label_map(folder / "2007_1.png") for folder in folders
    )
    assert plain[5, 5] == 1
    assert refined[5, 5] == 0
    (tmp_path / "plain" / "crf" / "2007_1.png").unlink()
    (tmp_path / "plain" / "2007_1.png").write_bytes(b"of another run")
    segmenter.segment_images(predict, one, folders)
    assert len(calls) == 2
    assert (tmp_path / "plain" / "crf" / "2007_1.png").exists()
    kept = (tmp_path / "plain" / "2007_1.png").read_bytes()
    assert kept == b"of another run"


def test_the_next_photograph_is_predicted_while_one_is_refined(
    tmp_path, monkeypatch
):
    begun = [threading.Event() for _ in range(3)]

    def predict(image):
        begun[image.shape[2] // 10 - 2].set()
        return np.zeros((*image.shape[:3], 2), np.float32)

    def refine(image, probabilities, settings):
        del probabilities, settings
        index = image.shape[1] // 10 - 2
        assert begun[min(index + 1, 2)].wait(timeout=30)
        return np.full(image.shape[:2], index, np.uint8)

    monkeypatch.setattr(decision, "label_map", refine)
    segmenter.segment_images(predict, source(), {tmp_path: STRONG})
    for index, image_id in enumerate(source().image_ids):
        label_map = artifacts.read_label_map(tmp_path / f"{image_id}.png")
        assert label_map.shape == (20, 20 + 10 * index)
        assert (label_map == index).all()


def test_only_objects_that_are_present_are_predicted(tmp_path):
    """Class 2 has the highest probability; the labels have class 1 alone."""
    likely = np.array([[[0.3, 0.1, 0.6], [0.1, 0.3, 0.6]]], np.float32)
    labelled = schema.Source(
        name="two",
        image_ids=("2007_000032",),
        image=lambda _: halves(1, 2),
        image_labels=lambda _: np.array([True, False]),
    )
    for only_present, wanted in ((False, [[2, 2]]), (True, [[0, 1]])):
        folders = {
            tmp_path / f"{only_present}": None,
            tmp_path / f"{only_present}_crf": crf.NONE,
        }
        segmenter.segment_images(
            lambda _: tf.constant(likely[None]),
            labelled,
            folders,
            only_present=only_present,
        )
        for folder in folders:
            found = artifacts.read_label_map(folder / "2007_000032.png")
            assert found.tolist() == wanted


def test_saliency_maps_share_in_the_decision_and_the_margin(tmp_path):
    one = dataclasses.replace(source(1), image=lambda _: halves(1, 2))
    pixels = np.array([[[0.6, 0.4], [0.6, 0.4]]], np.float32)
    salient = np.array([[0.0, 0.8]], np.float32)
    artifacts.write_saliency_map(tmp_path / "maps" / "2007_0.png", salient)
    segmenter.segment_images(
        lambda _: pixels[None],
        one,
        {tmp_path / "out": None},
        saliency_maps=segmenter.SaliencyMaps(tmp_path / "maps", 1.0),
    )
    found = artifacts.read_label_map(tmp_path / "out" / "2007_0.png")
    assert found.tolist() == [[0, 1]]
    background = 0.6 * 0.98 / (0.6 * 0.98 + 0.4 * 0.02)
    wanted = np.mean([2 * background - 1, 8 / 11 - 3 / 11])
    margins = segmenter.read_margins(tmp_path / "out")
    assert margins["2007_0"] == pytest.approx(wanted, abs=1e-3)


def test_an_error_of_the_prediction_names_the_image(tmp_path):
    def predict(image):
        raise InputError(f"too small: {image.shape[1]} rows")

    with pytest.raises(
        ValueError, match=r"^image '2007_0': too small: 20 rows$"
    ):
        segmenter.segment_images(predict, source(), {tmp_path: None})


def bright_or_dark(image):
    """Predicts class 1 on bright pixels, with a margin of 0.5 or 1."""
    bright = (np.asarray(image)[..., 0] > 100).astype(np.float32)
    return np.stack([0.75 - 0.75 * bright, 0.25 + 0.75 * bright], -1)


def test_margins_and_class_names_lie_beside_the_label_maps(tmp_path):
    objects = labels.LabelSet(("a fox", "owl"))
    segmenter.segment_images(
        bright_or_dark, source(2), {tmp_path: None}, label_set=objects
    )
    assert (tmp_path / "margins.csv").read_text() == (
        "image_id,mean_margin\n2007_0,0.750000\n2007_1,0.750000\n"
    )
    assert label_files.read_label_set(tmp_path) == objects


def test_margins_of_earlier_runs_stay(tmp_path):
    segmenter.segment_images(bright_or_dark, source(1), {tmp_path: None})
    segmenter.segment_images(bright_or_dark, source(3), {tmp_path: None})
    assert list(segmenter.read_margins(tmp_path)) == [
        "2007_0",
        "2007_1",
        "2007_2",
    ]


@pytest.mark.parametrize("error", [InputError, OSError])
def test_an_unreadable_photograph_is_passed_over(tmp_path, error):
    def image(image_id):
        if image_id == "2007_1":
            raise error("2007_1.jpg is broken")
        return halves()

    some = dataclasses.replace(source(), image=image)
    unreadable = segmenter.segment_images(
        bright_or_dark, some, {tmp_path: None}, overlay_dir=tmp_path / "over"
    )
    assert unreadable == {"2007_1": "2007_1.jpg is broken"}
    written = {path.stem for path in tmp_path.glob("*.png")}
    assert written == {"2007_0", "2007_2"}


def test_a_mistake_in_reading_is_not_passed_over(tmp_path):
    def image(image_id):
        raise KeyError(image_id)

    some = dataclasses.replace(source(), image=image)
    with pytest.raises(KeyError):
        segmenter.segment_images(bright_or_dark, some, {tmp_path: None})


def test_probabilities_and_overlays_are_written_when_wanted(tmp_path):
    segmenter.segment_images(
        bright_or_dark,
        source(1),
        {tmp_path / "masks": None},
        label_set=labels.LabelSet(("owl",)),
        overlay_dir=tmp_path / "overlays",
        probabilities_dir=tmp_path / "probabilities",
    )
    probabilities, classes = artifacts.read_probabilities(
        tmp_path / "probabilities" / "2007_0.npz"
    )
    wanted = bright_or_dark(source().image("2007_0"))
    np.testing.assert_array_equal(probabilities, wanted.astype(np.float16))
    assert classes == ["background", "owl"]
    picture = artifacts.read_image(tmp_path / "overlays" / "2007_0.jpg")
    assert picture.shape == (20, 20, 3)
    red, green, _ = picture[10, 15].astype(int)
    assert red > green + 50  # Class 1 is red.


def test_overlays_of_existing_label_maps_need_no_prediction(tmp_path):
    arguments = (source(2), {tmp_path: None})
    segmenter.segment_images(bright_or_dark, *arguments)
    (tmp_path / "margins.csv").unlink()
    segmenter.segment_images(
        mock.Mock(side_effect=AssertionError),
        *arguments,
        overlay_dir=tmp_path / "overlays",
    )
    assert len(list((tmp_path / "overlays").glob("*.jpg"))) == 2


def limited(monkeypatch, most):
    monkeypatch.setattr(large, "max_pixels", lambda num_classes: most)


def test_up_to_the_limit_label_maps_are_those_of_the_whole(
    tmp_path, monkeypatch
):
    """Bit for bit, with CRF and without."""
    image = halves()
    for most, name in ((600, "at"), (10**9, "far_below")):
        limited(monkeypatch, most)
        segmenter.segment_images(
            lambda image: unsure(image[0])[None],
            dataclasses.replace(source(1), image=lambda _: image),
            {tmp_path / name: None, tmp_path / f"{name}_crf": STRONG},
        )
        plain, refined = (
            artifacts.read_label_map(tmp_path / f"{name}{end}" / "2007_0.png")
            for end in ("", "_crf")
        )
        wanted = unsure(image)
        np.testing.assert_array_equal(plain, wanted.argmax(-1))
        np.testing.assert_array_equal(
            refined, crf.postprocess(image, wanted, STRONG)
        )


def test_a_large_photograph_is_predicted_and_refined_at_a_smaller_size(
    tmp_path, monkeypatch
):
    limited(monkeypatch, 20 * 30)
    sizes = []

    def predict(image):
        sizes.append(image.shape[1:3])
        return bright_or_dark(image)

    def refine(image, probabilities, settings):
        sizes.append((*image.shape[:2], *probabilities.shape[:2]))
        return crf.postprocess(image, probabilities, settings)

    monkeypatch.setattr(decision, "label_map", refine)
    big = halves(height=200, width=300)
    segmenter.segment_images(
        predict,
        dataclasses.replace(source(1), image=lambda _: big),
        {tmp_path / "plain": None, tmp_path / "refined": STRONG},
        crf_max_pixels=10 * 15,
        overlay_dir=tmp_path / "overlays",
        probabilities_dir=tmp_path / "probabilities",
    )
    assert sizes == [(20, 30), (10, 15, 10, 15)]
    wanted = big[..., 0] > 100
    for name in ("plain", "refined"):
        found = artifacts.read_label_map(tmp_path / name / "2007_0.png")
        assert found.shape == (200, 300)
        assert (found != wanted).mean() < 0.04
    probabilities, _ = artifacts.read_probabilities(
        tmp_path / "probabilities" / "2007_0.npz"
    )
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=2e-3)
    np.testing.assert_array_equal(
        probabilities.argmax(-1),
        artifacts.read_label_map(tmp_path / "plain" / "2007_0.png"),
    )


def test_a_higher_limit_of_the_crf_refines_at_that_size(tmp_path, monkeypatch):
    limited(monkeypatch, 20 * 30)
    big = halves(height=40, width=60)
    segmenter.segment_images(
        bright_or_dark,
        dataclasses.replace(source(1), image=lambda _: big),
        {tmp_path: STRONG},
        crf_max_pixels=40 * 60,
    )
    found = artifacts.read_label_map(tmp_path / "2007_0.png")
    np.testing.assert_array_equal(found, big[..., 0] > 100)


def test_photographs_of_one_size_share_a_batch(tmp_path):
    """In batches of one, label maps are those of a function, bit for bit."""
    network = thin_networks.build("deeplab_v1")
    sizes = []
    predictor = dense_predictor.predictor(network, size=65, framing="whole")

    def run(inputs):
        sizes.append(len(inputs[0]))
        return predictor.run(inputs)

    counting = dataclasses.replace(predictor, run=run)
    dense = prediction.dense(network, size=65, framing="whole")
    segmenter.segment_images(dense, source(), {tmp_path / "one": None})
    for size in (1, 2):
        segmenter.segment_images(
            counting, source(), {tmp_path / f"{size}": None}, batch_size=size
        )
    assert sizes == [1, 1, 1, 2, 1]
    for name in ("2007_0.png", "2007_1.png", "2007_2.png", "margins.csv"):
        plain, alone, _ = (
            (tmp_path / folder / name).read_bytes()
            for folder in ("one", "1", "2")
        )
        assert plain == alone
    for image_id in source().image_ids:
        plain, together = (
            artifacts.read_label_map(tmp_path / folder / f"{image_id}.png")
            for folder in ("one", "2")
        )
        assert (plain == together).mean() >= 0.9999


@pytest.mark.parametrize(
    ("height", "width", "wanted"), [(375, 500, False), (800, 1000, True)]
)
def test_only_a_large_photograph_is_refined_alone(
    tmp_path, monkeypatch, height, width, wanted
):
    """With 21 classes, on any number of cores."""
    found = []

    def map_in_order(function, items, alone):
        for each in items:
            found.append(alone(each))
            yield function(each)

    monkeypatch.setattr(crf, "map_in_order", map_in_order)
    monkeypatch.setattr(crf, "num_workers", lambda: 16)
    some = dataclasses.replace(
        source(1), image=lambda _: halves(height=height, width=width)
    )
    segmenter.segment_images(bright_or_dark, some, {tmp_path: None})
    assert found == [wanted]
