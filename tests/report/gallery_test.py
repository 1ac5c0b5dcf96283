import re

import numpy as np

from guided_segmentation.report import gallery, strips

PIXELS = np.full((4, 6, 3), 90, np.uint8)


def strip(image_id, why=strips.EVENLY, with_crf=()):
    pictures = {
        "Image": strips.Picture(PIXELS),
        "G2": strips.Picture(PIXELS, 0.5),
        "G0": strips.Picture(PIXELS, 0.0),
    }
    refined = {caption: pictures[caption] for caption in with_crf}
    return strips.Strip(image_id, ((1, "rook"),), pictures, refined, why)


def test_columns_have_one_heading_each():
    html = gallery.to_html([strip("a"), strip("b")], "A note.")
    assert re.findall("<b>(.*?)</b>", html) == ["Image", "G2", "G0"]
    assert "--columns:3" in html
    assert "A note." in html


def test_strips_follow_the_reason_for_which_they_were_chosen():
    shown = [strip("a"), strip("b"), strip("c", strips.BEST)]
    html = gallery.to_html(shown, "")
    found = re.findall("<h3>(.*?)</h3>|<code>(.*?)</code>", html)
    assert ["".join(each) for each in found] == [
        strips.EVENLY, "a", "b", strips.BEST, "c",
    ]  # fmt: skip


def test_the_iou_stands_below_label_maps_even_if_it_is_zero():
    html = gallery.to_html([strip("a")], "")
    captions = re.findall("<figcaption>(.*?)</figcaption>", html)
    assert captions == ["", "50.0", "0.0"]


def test_objects_have_the_colour_of_their_class():
    html = gallery.to_html([strip("a")], "")
    assert '<i class="dot" style="--colour:#800000"></i>rook' in html


def test_predictions_with_crf_stand_in_the_column_of_those_without():
    html = gallery.to_html([strip("a", with_crf=["G0"])], "")
    second = html.partition("with CRF \N{RIGHTWARDS ARROW}")[2]
    assert html.count("<img") == 4
    assert second.index("<span></span>") < second.index(
        'alt="G0 with CRF of a"'
    )
