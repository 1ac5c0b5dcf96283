import re

from guided_segmentation.report import class_bars

CLASSES = ("background", "cat & dog", "rook")


def scores(*ious):
    return {"iou": dict(zip(CLASSES, ious, strict=True))}


def drawn():
    return class_bars.to_html(
        {"seeds_only": scores(0.1, 0.2, 0.3), "g2": scores(0.5, None, 0.75)},
        {
            "seeds_only": scores(0.4, 0.4, None),
            "g2": scores(0.5, 0.25, 0.5),
            "full_supervision": scores(1, 1, 1),
        },
    )


def test_classes_are_sorted_by_g2():
    names = re.findall(r'class="name">([^<]+)</text>', drawn())
    assert names == ["rook", "background", "cat &amp; dog"]
    assert "Sorted by G2" in drawn()


def test_every_class_has_a_bar_a_segmenter_and_a_mark_a_guide():
    assert drawn().count("<rect ") == 6
    assert drawn().count('class="mark"') == 5  # One IoU is not defined.
    assert "rook, G2, the guide: 50.0" in drawn()
    assert "Full supervision" not in drawn()


def test_bars_are_as_long_as_the_iou_and_marks_as_far():
    full = 1120 - 110 - 40
    widths = re.findall(r'<rect x="110" y="\d+" width="([\d.]+)"', drawn())
    assert float(widths[1]) == round(0.75 * full, 1)
    assert float(widths[-1]) == 0.5
    assert f"M{110 + 0.5 * full:.1f} " in drawn()


def test_the_figures_behind_the_bars_are_there():
    table = drawn().partition("<details>")[2]
    assert (
        "<th>rook</th><td>30.0</td><td>75.0</td><td>\N{EN DASH}</td>"
        "<td>50.0</td>" in table
    )
