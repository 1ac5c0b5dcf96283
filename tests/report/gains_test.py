from report_samples import summary

from guided_segmentation.report import gains, table_2


def compared(low):
    scores = summary(("seeds_only", "g2", "full_supervision"))
    scores["segmenters"]["g2"]["miou_interval"] = [0.3, 0.38]
    ratio = {"percent": 87.5, "interval": [80.0, 91.25]}
    scores["paired"] = {
        "miou": {
            "seeds_only": {"of_full_supervision": ratio},
            "g2": {
                "over_seeds_only": {
                    "difference": 0.05,
                    "interval": [low, 0.081],
                },
                "of_full_supervision": ratio,
            },
        },
        "miou_crf": {},
    }
    return scores


def test_a_gain_is_bold_where_its_interval_leaves_zero_out():
    sure, unsure = gains.to_html(compared(0.02)), gains.to_html(compared(-0.01))
    assert "<b>+5.0</b> [+2.0, +8.1]" in sure
    assert "+5.0 [-1.0, +8.1]" in unsure
    assert "<b>" not in unsure


def test_scores_and_percentages_stand_beside_the_gains():
    page = gains.to_html(compared(0.02))
    assert "35.0 [30.0, 38.0]" in page
    assert page.count("87.5 [80.0, 91.2]") == 2


def test_the_table_for_terminals_ends_with_the_gains():
    scores = compared(0.02)
    line = "g2 over seeds_only: +5.0 [+2.0, +8.1]"
    assert gains.lines(scores) == [line]
    assert table_2.text(scores).splitlines()[-1] == line


def test_nothing_compared_is_nothing_shown():
    assert gains.to_html(summary()).strip() == ""
    assert gains.lines(summary()) == []


def test_a_gain_without_a_score_is_a_dash():
    scores = compared(0.02)
    nothing = {"difference": None, "interval": None}
    scores["paired"]["miou"]["g2"] = {
        "over_seeds_only": nothing,
        "of_full_supervision": {"percent": None, "interval": None},
    }
    assert gains.lines(scores) == ["g2 over seeds_only: \N{EN DASH}"]
    assert "<b>" not in gains.to_html(scores)
