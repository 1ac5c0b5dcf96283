"""The report shows the pictures and tables of an experiment."""

import base64

import numpy as np
import pytest
import stand_ins
from stand_ins import plan, summarized, write_scores

from guided_segmentation import artifacts, experiments
from guided_segmentation.datasets import synthetic
from guided_segmentation.evaluation import folders, image_areas
from guided_segmentation.experiments import runner


@pytest.fixture
def bin_dir(tmp_path):
    return stand_ins.write_binaries(tmp_path / "bin")


def test_the_second_round_is_reported_beside_the_first(bin_dir, tmp_path):
    found = plan("g1", "g2", rounds=2)
    runner.run(found, tmp_path / "work", bin_dir)
    summary = experiments.summarize(tmp_path / "work", found)
    for kind in ("guides", "segmenters"):
        assert list(summary[kind]) == ["g1", "g2", "g2_round2"]
    train, val = (
        synthetic.source(name, num_images=1) for name in ("train", "val")
    )
    path = experiments.write_report(tmp_path / "work", found, train, val)
    assert "<b>G2, round 2</b>" in path.read_text()


@pytest.mark.parametrize("crf", [False, True])
def test_the_report_shows_the_images_of_both_splits(tmp_path, crf):
    found = plan("g2", "full", crf=crf)
    train, val = (
        synthetic.source(name, num_images=2) for name in ("train", "val")
    )
    for guide in ("g2", "full"):
        write_scores(tmp_path, guide, 0.5, crf=0.5 if crf else None)
        for source, folder in (
            (train, f"guides/{guide}"),
            (val, f"predictions/{guide}"),
            (val, f"predictions/{guide}/crf"),
        ):
            for image_id in source.image_ids:
                path = tmp_path / folder / f"{image_id}.png"
                artifacts.write_label_map(path, source.label_map(image_id))
    for image_id in train.image_ids:
        artifacts.write_label_map(
            tmp_path / "seeds" / f"{image_id}.png", train.label_map(image_id)
        )
        artifacts.write_saliency_map(
            tmp_path / "saliency_maps" / f"{image_id}.png",
            np.ones(synthetic.SIZE),
        )
    summarized(tmp_path, found)
    path = experiments.write_report(tmp_path, found, train, val)
    assert path == tmp_path / "report.html"
    shown = 2 * 5 + 2 * 4 + (2 * 2 if crf else 0)
    assert path.read_text().count("<img") == shown


def test_the_report_shows_matrices_and_where_g2_is_best_and_worst(tmp_path):
    found = plan("g2")
    train, val = (
        synthetic.source(name, num_images=4) for name in ("train", "val")
    )
    write_scores(tmp_path, "g2", 0.5)
    nothing = np.zeros(synthetic.SIZE, np.uint8)
    for source, folder, kind in (
        (train, "guides", "guides"),
        (val, "predictions", "segmenter"),
    ):
        for image_id in source.image_ids:
            path = tmp_path / folder / "g2" / f"{image_id}.png"
            artifacts.write_label_map(path, nothing)
            artifacts.write_label_map(
                tmp_path / "seeds" / f"{image_id}.png", nothing
            )
            artifacts.write_saliency_map(
                tmp_path / "saliency_maps" / f"{image_id}.png", nothing
            )
        counts = folders.count(source, tmp_path / folder / "g2")
        scores = tmp_path / "evaluation" / f"{kind}_g2.json"
        image_areas.write(scores, source.image_ids, counts.areas)
        scores.with_suffix(".png").write_bytes(b"drawn")
    summarized(tmp_path, found)
    path = experiments.write_report(tmp_path, found, train, val, num_strips=2)
    page = path.read_text()
    assert page.count("Where G2 is best") == 2
    assert page.count("Where G2 is worst") == 2
    assert page.count("<img") == 6 * 5 + 6 * 3 + 1
    assert base64.b64encode(b"drawn").decode() in page
