import pytest
from report_samples import summary

from guided_segmentation import experiments, guides
from guided_segmentation.report import legend, paper, table_2


def test_percent_of_full_is_a_quotient_of_mious():
    segmenters = {"g2": {"miou": 0.4}, "full_supervision": {"miou": 0.5}}
    assert table_2.percent_of_full_supervision(
        segmenters, "g2"
    ) == pytest.approx(80)
    assert table_2.percent_of_full_supervision(segmenters, "g0") is None
    assert (
        table_2.percent_of_full_supervision({"g2": {"miou": 0.4}}, "g2") is None
    )


def test_the_table_for_terminals_lines_up():
    lines = table_2.text(summary()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[4].split() == [
        "g2", "73/59", "87/95", "50.0", "12.5", "40.0", "80.0", "73/59",
        "51.2", "55.7",
    ]  # fmt: skip


def test_the_table_has_scores_with_crf_beside_those_without():
    scores = summary()
    scores["segmenters"]["g2"]["miou_crf"] = 0.45
    scores["segmenters"]["full_supervision"]["miou_crf"] = 0.6
    lines = table_2.text(scores).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "val mIoU  % of full  with CRF  % of full  paper:" in lines[0]
    assert lines[4].split()[-7:-3] == ["40.0", "80.0", "45.0", "75.0"]
    assert lines[2].split()[-5:-3] == 2 * ["\N{EN DASH}"]


def test_the_paper_has_a_row_for_every_guide():
    names = tuple(legend.NAMES)
    assert tuple(paper.PUBLISHED) == tuple(legend.COLOURS) == names
    assert set(names) - set(guides.GUIDES) == {experiments.ROUND_2}
    assert [name for name in names if name in guides.GUIDES] == [*guides.GUIDES]


def test_what_the_paper_does_not_have_is_a_dash():
    found = summary(("g1", "g2_round2", "oaa", "full_supervision"))
    lines = table_2.text(found).splitlines()
    assert lines[2].split()[-3:] == ["75/51", "46.2", "\N{EN DASH}"]
    assert lines[3].split()[-3:] == lines[4].split()[-3:] == ["\N{EN DASH}"] * 3
    assert lines[5].split()[-3:] == ["\N{EN DASH}", "\N{EN DASH}", "67.6"]
    page = table_2.to_html(found)
    for figure in ("75/51", "46.2", "67.6", "same figures"):
        assert figure in page


def test_g0_and_g1_share_a_footnote():
    page = table_2.to_html(summary(("g0", "g1")))
    assert page.count("same figures") == 1
    assert page.count("\N{DAGGER}") == 3


def test_an_interval_stands_under_its_score():
    scores = summary()
    scores["segmenters"]["g2"]["miou_interval"] = [0.3512, 0.4498]
    assert "40.0<small>[35.1, 45.0]</small>" in table_2.to_html(scores)
    assert "<small>" not in table_2.to_html(summary())
