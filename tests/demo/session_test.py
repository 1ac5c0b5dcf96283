"""The page shows what the binaries write; networks run once a photograph.

The binaries' own functions are the reference here: each call below is the one
that its main makes.
"""

import dataclasses
from unittest import mock

import demo_samples
import numpy as np
import pytest

from guided_segmentation import artifacts, crf, guides, segmenter
from guided_segmentation.demo import gallery, session, upload
from guided_segmentation.guides import labelling
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds

SOURCE = demo_samples.SOURCE
CHOICES = {
    "guide": "g2",
    "seed_threshold": 0.6,
    "saliency_threshold": 0.5,
    "seed_min_area": 0.1,
    "saliency_min_area": 2.0,
    "use_crf": True,
    "segmenter_crf": "none",
}
SETTINGS = dataclasses.replace(
    guides.PAPER,
    seed_min_area=guides.Area("0.001"),
    saliency_min_area=guides.Area("0.02"),
)


@pytest.fixture(scope="module")
def networks():
    return demo_samples.networks()


@pytest.fixture(scope="module")
def run(networks, tmp_path_factory):
    """Folders that the stages wrote."""
    folder = tmp_path_factory.mktemp("run")
    for image_id in SOURCE.image_ids:
        image = SOURCE.image(image_id)
        artifacts.write_image(folder / "photos" / f"{image_id}.png", image)
    seeds.make_seeds(networks.seeder, SOURCE, folder / "seeds", threshold=0.6)
    detector.make_saliency(networks.saliency_net, SOURCE, folder / "saliency")
    refined = {
        folder / name: None if name == "none" else crf.named(name)
        for name in ("none", "mild")
    }
    segmenter.segment_images(networks.segmenter, SOURCE, refined)
    return folder


@pytest.fixture
def answers(networks):
    return session.DemoSession(networks, upload.Limits())


def photo(run, image_id):
    return str(run / "photos" / f"{image_id}.png")


def tags(image_id):
    present = np.flatnonzero(SOURCE.image_labels(image_id))
    return [demo_samples.LABEL_SET.objects[index] for index in present]


def written(folder, image_id):
    return (folder / f"{image_id}.png").read_bytes()


@pytest.mark.parametrize("use_crf", [True, False])
@pytest.mark.parametrize("guide", session.GUIDES)
def test_every_label_map_is_the_file_that_a_binary_writes(
    run, answers, tmp_path, guide, use_crf
):
    dense_crf = crf.DEEPLAB if use_crf else crf.NONE
    label = labelling.labeller(
        guide,
        SOURCE,
        seeds_dir=run / "seeds",
        saliency_dir=run / "saliency",
        settings=dataclasses.replace(SETTINGS, crf=dense_crf),
    )
    labelling.make_guides(label, SOURCE, tmp_path)
    for image_id in SOURCE.image_ids:
        told = {**CHOICES, "guide": guide, "use_crf": use_crf}
        shown = answers.show(photo(run, image_id), tags(image_id), **told)
        found = demo_samples.downloads(shown)
        assert found.pop("seeds.png") == written(run / "seeds", image_id)
        assert found.pop("segmenter.png") == written(run / "none", image_id)
        assert [*found.values()] == [written(tmp_path, image_id)]


def test_the_guides_of_the_test_above_are_not_empty(run, answers):
    for image_id in SOURCE.image_ids:
        shown = answers.show(photo(run, image_id), tags(image_id), **CHOICES)
        guide = demo_samples.downloads(shown)["guide_g2.png"]
        assert len(np.unique(artifacts.decode_label_map(guide))) > 1


def test_the_segmenter_may_be_refined(run, answers):
    for image_id in SOURCE.image_ids:
        told = {**CHOICES, "segmenter_crf": "mild"}
        shown = answers.show(photo(run, image_id), tags(image_id), **told)
        found = demo_samples.downloads(shown)["segmenter.png"]
        assert found == written(run / "mild", image_id)


@pytest.mark.parametrize(
    ("name", "value", "changed"),
    [
        ("seed_threshold", 0.9, {"seeds.png", "guide_g2.png"}),
        ("saliency_threshold", 0.8, {"guide_g2.png"}),
        ("seed_min_area", 15.0, {"guide_g2.png"}),
        ("saliency_min_area", 60.0, {"guide_g2.png"}),
    ],
)
def test_a_threshold_moves_what_it_names(run, answers, name, value, changed):
    path, names = photo(run, "val_000000"), demo_samples.LABEL_SET.objects[:4]
    before = demo_samples.downloads(answers.show(path, names, **CHOICES))
    moved = answers.show(path, names, **{**CHOICES, name: value})
    after = demo_samples.downloads(moved)
    assert {key for key in after if after[key] != before[key]} == changed


def test_networks_run_once_for_each_photograph(run, networks):
    counted = dataclasses.replace(
        networks,
        seeder=mock.Mock(wraps=networks.seeder),
        saliency_net=mock.Mock(wraps=networks.saliency_net),
        segmenter=mock.Mock(wraps=networks.segmenter),
    )
    answers = session.DemoSession(counted, upload.Limits())
    path, names = photo(run, "val_000000"), tags("val_000000")
    answers.suggest(path)
    for tau in (0.2, 0.4, 0.8):
        answers.show(path, names, **{**CHOICES, "seed_threshold": tau})
    answers.show(path, [], **CHOICES)
    for network in (counted.seeder, counted.saliency_net, counted.segmenter):
        assert network.call_count == 1


def test_the_crf_of_the_segmenter_runs_once_for_each_name(run, answers):
    path, names = photo(run, "val_000000"), tags("val_000000")
    with mock.patch.object(crf, "postprocess", wraps=crf.postprocess) as refine:
        for tau in (0.2, 0.4, 0.8):
            told = {"seed_threshold": tau, "segmenter_crf": "mild"}
            answers.show(path, names, **{**CHOICES, **told})
    assert refine.call_count == 1


def test_tags_are_suggested_as_make_seeds_finds_them(run, networks, answers):
    for image_id in SOURCE.image_ids:
        found = seeds.predicted_objects(networks.seeder, SOURCE.image(image_id))
        wanted = [demo_samples.LABEL_SET.objects[index] for index in found]
        assert answers.suggest(photo(run, image_id)) == wanted


def test_a_bad_upload_gets_one_line_and_no_tags(answers, tmp_path):
    path = tmp_path / "<notes>.png"
    path.write_text("not a photograph")
    assert answers.suggest(str(path)) == []
    shown = answers.show(str(path), ["wasp"], **CHOICES)
    assert shown.startswith(
        '<p class="problem" role="alert">&lt;notes&gt;.png: '
    )
    assert shown.count("<") == 2  # A paragraph, and no picture.


def test_before_the_first_photograph_there_is_a_welcome(answers):
    assert gallery.WELCOME in answers.show(None, [], **CHOICES)


def test_without_tags_there_is_no_guide_but_all_else(run, answers):
    shown = answers.show(photo(run, "val_000000"), [], **CHOICES)
    assert gallery.UNTAGGED in shown
    assert demo_samples.downloads(shown).keys() == {"segmenter.png"}
    assert 'alt="Saliency"' in shown
