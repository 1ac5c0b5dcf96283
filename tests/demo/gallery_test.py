import re

import numpy as np

from guided_segmentation import guides, labels, visualize
from guided_segmentation.demo import gallery, network_outputs

CLASSES = ("background", 'a <b>&"', "c")
IMAGE = np.full((4, 6, 3), 90, np.uint8)
LABEL_MAP = np.zeros((4, 6), np.uint8)
LABEL_MAP[1:3, 1:3] = 1
LABEL_MAP[1:3, 3:5] = labels.IGNORE


def drawn(guide_map):
    saliency_map = np.zeros((4, 6), np.float32)
    saliency_map[1:3, 1:3] = 1
    outputs = network_outputs.NetworkOutputs(
        image_id="a",
        image=IMAGE,
        score_maps=np.zeros((4, 6, 2), np.float32),
        predicted_objects=np.zeros(2, bool),
        saliency_map=saliency_map,
        probabilities=np.zeros((4, 6, 3), np.float32),
    )
    evidence = guides.Evidence(
        image_id="a",
        image=IMAGE,
        image_labels=np.array([True, False]),
        seeds=np.minimum(LABEL_MAP, 1),
        saliency_mask=saliency_map > 0.5,
    )
    segmented = np.full((4, 6), 2, np.uint8)
    return gallery.figures(outputs, evidence, "g2", guide_map, segmented)


def test_pictures_come_in_the_order_of_the_work():
    titles = [each.title for each in drawn(LABEL_MAP)]
    assert titles == [
        "Photograph",
        "Seeds",
        "Saliency",
        "Guide: G2",
        "Segmenter",
    ]
    assert [each.title for each in drawn(None)] == [
        "Photograph",
        "Saliency",
        "Segmenter",
    ]


def test_label_maps_are_laid_over_the_photograph():
    guide = drawn(LABEL_MAP)[3]
    wanted = visualize.overlay(IMAGE, LABEL_MAP)
    np.testing.assert_array_equal(guide.pixels, wanted)
    assert guide.label_map is LABEL_MAP


def test_the_saliency_threshold_is_a_white_line():
    saliency = drawn(LABEL_MAP)[2]
    mask = LABEL_MAP == 1
    line = visualize.contours(mask)
    assert line.any()
    np.testing.assert_array_equal((saliency.pixels == 255).all(-1), line)


def test_the_legend_names_every_colour_that_is_shown_and_no_other():
    html = gallery.to_html(drawn(LABEL_MAP), CLASSES)
    key = re.findall(
        r'<li><i style="background:rgb\((.*?)\)"></i>(.*?)</li>', html
    )
    assert key == [
        ("144,144,144", "background"),
        ("128,0,0", "a &lt;b&gt;&amp;&#34;"),
        ("0,128,0", "c"),
        ("255,255,255", "ignored"),
    ]
    key = re.findall(r"</i>(.*?)</li>", gallery.to_html(drawn(None), CLASSES))
    assert key == ["c"]


def test_messages_are_escaped():
    wanted = '<p class="note" role="status">&lt;b&gt;&amp;&#34;</p>'
    assert gallery.message_html('<b>&"') == wanted


def test_problems_are_announced_to_screen_readers():
    found = gallery.message_html("a", "problem")
    assert found == '<p class="problem" role="alert">a</p>'


def test_names_of_classes_and_figures_are_escaped():
    hostile = '<b>&"'
    figure = gallery.Figure(
        title=hostile, note=hostile, pixels=IMAGE, label_map=LABEL_MAP
    )
    html = gallery.to_html([figure], 3 * [hostile], hostile)
    assert hostile not in html
    assert "&amp;lt;" not in html
    assert html.count("<b>") == 1  # The caption's.
    # Message; title, alt, note and file name of a figure; two classes.
    assert html.count("&lt;b&gt;&amp;&#34;") == 7
