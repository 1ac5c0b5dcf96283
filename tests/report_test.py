"""The report holds every figure and picture, and needs nothing else."""

import base64
import html.parser
import re

import cv2
import numpy as np
import pytest

from guided_segmentation import (
    artifacts,
    experiments,
    guides,
    labels,
    report,
)
from guided_segmentation.datasets import schema

LABEL_SET = labels.LabelSet(("cat & dog", "rook"))
GUIDES = ("seeds_only", "g0", "g2", "saliency_oracle", "full")


def guide_scores(miou=0.5):
    return {
        "miou": miou,
        "fg": {"precision": 0.734, "recall": 0.591},
        "bg": {"precision": 0.871, "recall": 0.948},
        "ignored": 0.125,
    }


def summary(guides=GUIDES):
    segmenters = {
        name: {"miou": 0.3 + 0.05 * index, "images": 3}
        for index, name in enumerate(guides)
    }
    return {
        "guides": {name: guide_scores() for name in guides},
        "segmenters": segmenters,
        "full": segmenters.get("full"),
        "percent_of_full": report.percent_of_full(segmenters, "g2"),
        "seconds": {"train_seeder": 3725.0, "make_seeds": 0.0},
        "reused": ["make_seeds"],
        "settings": {"train_seeder": "train_seeder --a='<b>'"},
        "versions": {"python": "3.11"},
    }


def evaluations(guides=GUIDES, classes=("background", "cat & dog", "rook")):
    iou = dict.fromkeys(classes, 0.25) | {classes[-1]: None}
    found = {name: {"miou": 0.5, "iou": iou} for name in guides}
    return {"guides": found, "segmenters": found, "crf": {}}


def source(num_images=5, with_truth=True):
    image = np.full((20, 30, 3), 90, np.uint8)
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 15:] = 2
    return schema.Source(
        name="drawn/train",
        image_ids=tuple(f"<{index}>" for index in range(num_images)),
        image=lambda image_id: image,
        image_labels=lambda image_id: labels.present(truth, 2),
        label_map=(lambda image_id: truth) if with_truth else None,
        label_set=LABEL_SET,
    )


@pytest.fixture
def folders(tmp_path):
    for image_id in source().image_ids:
        for name in ("seeds", *GUIDES):
            path = tmp_path / name / f"{image_id}.png"
            artifacts.write_label_map(path, np.ones((20, 30), np.uint8))
        path = tmp_path / "saliency" / f"{image_id}.png"
        artifacts.write_saliency_map(path, np.ones((20, 30)))
    return tmp_path


def strips(folders):
    dirs = {name: folders / name for name in GUIDES}
    return {
        "train": report.guide_strips(
            source(), dirs, folders / "seeds", folders / "saliency", 2
        ),
        "val": report.prediction_strips(source(), dirs, 3),
    }


@pytest.fixture
def page(folders):
    path = folders / "report.html"
    report.write(path, summary(), evaluations(), strips(folders))
    return path.read_text()


class Page(html.parser.HTMLParser):
    """Collects what a page refers to, its text, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.pictures, self.tags, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "action"):
                self.addresses.append(value)
            if tag == "img" and name == "src":
                self.pictures.append(value)

    def handle_data(self, text):
        self.text.append(text)


def test_the_page_needs_no_network_and_no_script(page):
    found = Page(page)
    assert all(address.startswith("data:") for address in found.addresses)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    written = re.sub(r"base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", written)


def test_every_picture_is_inline_and_readable(page):
    pictures = Page(page).pictures
    assert len(pictures) == 2 * 7 + 3 * 7
    for picture in pictures:
        content = base64.b64decode(picture.partition(",")[2])
        array = np.frombuffer(content, np.uint8)
        assert cv2.imdecode(array, cv2.IMREAD_COLOR) is not None


def test_the_page_shows_this_run_beside_the_paper(page):
    text = " ".join(Page(page).text)
    for figure in ("73/59", "87/95", "12.5", "40.0", "80.0", "51.2", "38.7"):
        assert figure in text
    for name in ("train_seeder", "1 h 02 min", "reused", "3.11"):
        assert name in text


def test_names_are_escaped(page):
    assert "<0>" not in page
    assert "&lt;0&gt;" in page
    assert "--a=&#x27;&lt;b&gt;" in page
    assert "cat &amp; dog" in page


def test_there_is_a_bar_for_each_class_and_guide(page):
    assert Page(page).tags.count("rect") == 3 * len(GUIDES)


def test_many_classes_are_drawn_in_two_columns(folders):
    classes = labels.VOC.classes
    report.write(
        folders / "voc.html", summary(), evaluations(classes=classes), {}
    )
    page = (folders / "voc.html").read_text()
    height = int(re.search(r"viewBox='0 0 1120 (\d+)'", page)[1])
    assert Page(page).tags.count("rect") == 21 * len(GUIDES)
    assert height < 21 * len(GUIDES) * 7


def test_the_page_of_one_guide_has_no_percentage(folders):
    report.write(
        folders / "g2.html", summary(("g2",)), evaluations(("g2",)), {}
    )
    text = " ".join(Page((folders / "g2.html").read_text()).text)
    assert "G2 of full" not in text
    assert "\N{EN DASH}" in text


def test_scores_with_crf_get_a_column_of_their_own(folders):
    scores = summary()
    scores["segmenters"]["g2"]["miou_crf"] = 0.4567
    report.write(folders / "crf.html", scores, evaluations(), {})
    text = " ".join(Page((folders / "crf.html").read_text()).text)
    assert "with CRF" in text
    assert "45.7" in text


def test_saliency_is_among_the_first_figures_when_it_was_scored(folders):
    scores = summary()
    scores["guides"]["g2"]["saliency"] = {"iou": 0.3712}
    report.write(folders / "page.html", scores, evaluations(), {})
    assert "37.1" in " ".join(Page((folders / "page.html").read_text()).text)


def test_strips_show_seeds_saliency_guides_and_truth(folders):
    strip = strips(folders)["train"][0]
    assert list(strip.pictures) == [
        "Image", "Seeds", "Saliency", "G0", "G2", "Saliency oracle", "Truth",
    ]  # fmt: skip
    assert strip.objects == ((2, "rook"),)


def test_strips_of_predictions_show_each_segmenter(folders):
    strip = strips(folders)["val"][0]
    assert list(strip.pictures) == [
        "Image", "Seeds only", "G0", "G2", "Saliency oracle",
        "Full supervision", "Truth",
    ]  # fmt: skip


def test_strips_without_truth_seeds_or_saliency_leave_them_out(folders):
    strip = report.guide_strips(
        source(with_truth=False), {"g2": folders / "g2"}, None, None, 1
    )[0]
    assert list(strip.pictures) == ["Image", "G2"]


def test_strips_come_at_even_distances_and_no_more_than_there_are(folders):
    dirs = {"g2": folders / "g2"}
    ids = [
        [each.image_id for each in report.prediction_strips(source(), dirs, n)]
        for n in (2, 9)
    ]
    assert ids == [["<0>", "<2>"], list(source().image_ids)]


def test_strips_are_chosen_among_images_that_were_labelled(folders):
    found = report.prediction_strips(
        source(num_images=50), {"g2": folders / "g2"}, 50
    )
    assert len(found) == 5


def test_a_missing_map_is_named(folders):
    (folders / "seeds" / "<0>.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file .*seeds/<0>.png"):
        strips(folders)


def test_percent_of_full_is_a_quotient_of_mious():
    segmenters = {"g2": {"miou": 0.4}, "full": {"miou": 0.5}}
    assert report.percent_of_full(segmenters, "g2") == pytest.approx(80)
    assert report.percent_of_full(segmenters, "g0") is None
    assert report.percent_of_full({"g2": {"miou": 0.4}}, "g2") is None


def test_the_table_for_terminals_lines_up():
    lines = report.table(summary()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[4].split() == [
        "g2", "73/59", "87/95", "50.0", "12.5", "40.0", "80.0", "73/59",
        "51.2", "55.7",
    ]  # fmt: skip


def test_the_table_has_scores_with_crf_beside_those_without():
    scores = summary()
    scores["segmenters"]["g2"]["miou_crf"] = 0.45
    scores["segmenters"]["full"]["miou_crf"] = 0.6
    lines = report.table(scores).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "val mIoU  % of full  with CRF  % of full  paper:" in lines[0]
    assert lines[4].split()[-7:-3] == ["40.0", "80.0", "45.0", "75.0"]
    assert lines[2].split()[-5:-3] == 2 * ["\N{EN DASH}"]


def test_the_paper_has_a_row_for_every_guide():
    names = tuple(report.NAMES)
    assert tuple(report.PAPER) == tuple(report.COLOURS) == names
    assert set(names) - set(guides.GUIDES) == {experiments.ROUND_2}
    assert [name for name in names if name in guides.GUIDES] == [*guides.GUIDES]


def test_what_the_paper_does_not_have_is_a_dash(folders):
    found = ("g1", "g2_round2", "oaa", "full")
    lines = report.table(summary(found)).splitlines()
    assert lines[2].split()[-3:] == ["75/51", "46.2", "\N{EN DASH}"]
    assert lines[3].split()[-3:] == lines[4].split()[-3:] == ["\N{EN DASH}"] * 3
    assert lines[5].split()[-3:] == ["\N{EN DASH}", "\N{EN DASH}", "67.6"]
    report.write(folders / "g1.html", summary(found), evaluations(found), {})
    text = " ".join(Page((folders / "g1.html").read_text()).text)
    for figure in ("75/51", "46.2", "67.6", "figures again"):
        assert figure in text


def test_g0_and_g1_share_a_footnote(folders):
    found = ("g0", "g1")
    report.write(folders / "two.html", summary(found), evaluations(found), {})
    page = (folders / "two.html").read_text()
    assert page.count("figures again") == 1
    assert page.count("\N{DAGGER}") == 3
