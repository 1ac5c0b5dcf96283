"""The report holds every figure and picture, and needs nothing else."""

import base64
import dataclasses
import html.parser
import re

import browsers
import cv2
import numpy as np
import pytest
import report_samples
from report_samples import GUIDES, evaluations, source, summary

from guided_segmentation import labels
from guided_segmentation.report import page, paper, strips


@pytest.fixture
def folders(tmp_path):
    report_samples.write_folders(tmp_path)
    return tmp_path


def all_strips(folders):
    dirs = {name: folders / name for name in GUIDES}
    return {
        "train": strips.guide_strips(
            source(), dirs, folders / "seeds", folders / "saliency", 2
        ),
        "val": strips.prediction_strips(source(), dirs, 3),
    }


@pytest.fixture
def written(folders):
    path = folders / "report.html"
    page.write(path, summary(), evaluations(), all_strips(folders))
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


def test_the_page_needs_no_network_and_no_script(written):
    found = Page(written)
    assert all(address.startswith("data:") for address in found.addresses)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    written = re.sub(r"base64,[\w+/=]+", "", written)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", written)


def test_every_picture_is_inline_and_readable(written):
    pictures = Page(written).pictures
    assert len(pictures) == 2 * 7 + 3 * 7
    for picture in pictures:
        content = base64.b64decode(picture.partition(",")[2])
        array = np.frombuffer(content, np.uint8)
        assert cv2.imdecode(array, cv2.IMREAD_COLOR) is not None


def test_the_page_shows_this_run_beside_the_paper(written):
    text = " ".join(Page(written).text)
    for figure in ("73/59", "87/95", "12.5", "40.0", "80.0", "51.2", "38.7"):
        assert figure in text
    for name in ("train_seeder", "1 h 02 min", "reused", "3.11"):
        assert name in text


def test_names_are_escaped(written):
    assert "<0>" not in written
    assert "&lt;0&gt;" in written
    assert "--a=&#39;&lt;b&gt;" in written
    assert "cat &amp; dog" in written


def test_there_is_a_bar_for_each_class_and_guide(written):
    assert Page(written).tags.count("rect") == 3 * len(GUIDES)


def test_many_classes_are_drawn_in_two_columns(folders):
    classes = labels.VOC.classes
    page.write(
        folders / "voc.html", summary(), evaluations(classes=classes), {}
    )
    text = (folders / "voc.html").read_text()
    height = int(re.search(r'viewBox="0 0 1120 (\d+)"', text)[1])
    assert Page(text).tags.count("rect") == 21 * len(GUIDES)
    assert height < 21 * len(GUIDES) * 7


def test_the_page_of_one_guide_has_no_percentage(folders):
    page.write(folders / "g2.html", summary(("g2",)), evaluations(("g2",)), {})
    text = " ".join(Page((folders / "g2.html").read_text()).text)
    assert "G2 of full supervision" not in text
    assert "\N{EN DASH}" in text


def tiles(path):
    """The tiles of a page as text: title, value and note."""
    found = re.findall(
        r'<div class="tile"><span>(.*?)</span><b>(.*?)</b><i>(.*?)</i>',
        path.read_text(),
    )
    return [
        tuple(text.replace("\N{THIN SPACE}", " ") for text in each)
        for each in found
    ]


def test_the_papers_percentage_stands_beside_the_one_with_crf(folders):
    """55.7 of 67.6, on val with CRF; 80.6 % is on test."""
    scores = summary()
    path = folders / "page.html"
    page.write(path, scores, evaluations(), {})
    plain = ("G2 of full supervision", "80.0 %", "val, without CRF")
    assert tiles(path)[2] == plain
    assert tiles(path)[3][0] == "Time"
    scores["segmenters"]["g2"]["miou_crf"] = 0.45
    scores["segmenters"]["full"]["miou_crf"] = 0.5
    page.write(path, scores, evaluations(), {})
    assert tiles(path)[2:4] == [
        plain,
        ("G2 of full supervision", "90.0 %", "val, with CRF; paper: 82.4 %"),
    ]
    table_3 = paper.PUBLISHED["g2"].miou_crf, paper.PUBLISHED["full"].miou_crf
    assert table_3 == (55.7, 67.6)
    assert round(100 * table_3[0] / table_3[1], 1) == 82.4


def test_scores_with_crf_get_a_column_of_their_own(folders):
    scores = summary()
    scores["segmenters"]["g2"]["miou_crf"] = 0.4567
    page.write(folders / "crf.html", scores, evaluations(), {})
    text = " ".join(Page((folders / "crf.html").read_text()).text)
    assert "with CRF" in text
    assert "45.7" in text


def test_intervals_and_matrices_are_on_the_page(folders):
    scores = summary()
    scores["segmenters"]["g2"]["miou_interval"] = [0.361, 0.442]
    gain = {"difference": 0.1, "interval": [0.05, 0.15]}
    scores["paired"] = {"miou": {"g2": {"over_seeds_only": gain}}}
    path = folders / "page.html"
    page.write(path, scores, evaluations(), {}, matrices={"g2": b"drawn"})
    text = " ".join(Page(path.read_text()).text)
    assert "val mIoU [36.1, 44.2]" in text
    assert "Confidence intervals" in text
    assert "+10.0  [+5.0, +15.0]" in text
    assert len(Page(path.read_text()).pictures) == 1


def test_saliency_is_among_the_first_figures_when_it_was_scored(folders):
    scores = summary()
    scores["guides"]["g2"]["saliency"] = {"iou": 0.3712}
    page.write(folders / "page.html", scores, evaluations(), {})
    assert "37.1" in " ".join(Page((folders / "page.html").read_text()).text)


HOSTILE = '<b>&"'


def hostile_page(folder):
    """A report whose names of classes, images and stages look like HTML."""
    found = summary()
    for key in ("seconds", "settings", "versions"):
        found[key] = {HOSTILE: found[key].popitem()[1]}
    found["reused"] = [HOSTILE]
    scores = evaluations(classes=("background", HOSTILE, "rook"))
    image = np.full((20, 30, 3), 90, np.uint8)
    picture = strips.Picture(image, 0.5)
    strip = strips.Strip(
        image_id=HOSTILE,
        objects=((1, HOSTILE),),
        pictures={"Image": picture, HOSTILE: picture},
        with_crf={HOSTILE: picture},
        why=HOSTILE,
    )
    shown = {"train": [strip], "val": [dataclasses.replace(strip, with_crf={})]}
    path = folder / "hostile.html"
    page.write(path, found, scores, shown, sections={HOSTILE: HOSTILE})
    return path.read_text()


def test_every_name_is_escaped_wherever_it_stands(tmp_path):
    text = hostile_page(tmp_path)
    assert HOSTILE not in text
    assert "&amp;lt;" not in text  # Nothing is escaped twice.
    found = Page(text)
    # A tile has one <b>, a strip one for each of its two captions.
    assert found.tags.count("b") == text.count('class="tile"') + 2 * 2
    # Time: name. Settings: package. Section: title and content. Bars: name
    # and row of the table. Strips: reason, two names, caption of the heading.
    assert sum(HOSTILE in each for each in found.text) >= 6 + 2 * 4


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_need_not_scroll_sideways(written, folders, browser, scheme):
    screen = browser.new_page(
        viewport={"width": 400, "height": 800}, color_scheme=scheme
    )
    screen.goto((folders / "report.html").as_uri())
    width = screen.evaluate("document.documentElement.scrollWidth")
    text, background = (
        screen.evaluate(f"getComputedStyle(document.documentElement).{name}")
        for name in ("color", "backgroundColor")
    )
    screen.close()
    assert width == 400
    assert (lightness(text) > lightness(background)) == (scheme == "dark")


def lightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))
