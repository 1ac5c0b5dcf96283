from guided_segmentation.report import confusions


def test_g2_and_full_are_shown_and_the_others_collapsed_away():
    names = ("seeds_only", "g0", "g2", "full_supervision")
    page = confusions.to_html(dict.fromkeys(names, b"png"))
    first, collapsed = page.split("<details>")
    assert first.count("<img") == collapsed.count("<img") == 2
    assert "Confusion matrix of G2" in first
    assert "Confusion matrix of Full supervision" in first
    assert "cG5n" in first  # b"png" in base 64.


def test_without_g2_and_full_all_are_shown():
    page = confusions.to_html({"g0": b"a", "seeds_only": b"b"})
    assert page.count("<img") == 2
    assert "<details>" not in page


def test_nothing_drawn_is_nothing_shown():
    assert confusions.to_html({}).strip() == ""
    assert "<details>" not in confusions.to_html({"g2": b"a"})
