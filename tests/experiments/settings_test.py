"""Settings that make no experiment are refused."""

import pytest

from guided_segmentation import experiments


def test_an_unknown_guide_seeder_or_row_is_refused():
    with pytest.raises(
        ValueError, match=r"guides out of seeds_only, .*, found g3$"
    ):
        experiments.Settings(guides=("g2", "g3"))
    with pytest.raises(
        ValueError, match=r"seeders out of gap_lowres, .*, found gap$"
    ):
        experiments.Settings(seeders=("gap", "vanilla"))
    with pytest.raises(
        ValueError, match=r"crf_rows out of plain, .*, found loss_v3$"
    ):
        experiments.Settings(crf_rows=("plain", "loss_v3"))
    with pytest.raises(
        ValueError, match=r"crf_seeders out of gap_lowres, .*, found vanilla$"
    ):
        experiments.Settings(crf_seeders=("gap_roi", "vanilla"))


def test_a_second_round_without_a_first_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^wanted g2 among .* found \['full'\]; add g2$",
    ):
        experiments.Settings(guides=("full",), rounds=2)
    with pytest.raises(ValueError, match=r"second_guide out of .*, found g1$"):
        experiments.Settings(rounds=2, second_guide="g1")
    with pytest.raises(
        ValueError, match=r"^second_guide=seeds_only wanted 2 rounds, found 1$"
    ):
        experiments.Settings(second_guide="seeds_only")
    with pytest.raises(ValueError, match=r"^wanted 1 or 2 rounds, found 3$"):
        experiments.Settings(rounds=3)


def test_nothing_to_compare_is_refused():
    with pytest.raises(
        ValueError, match=r"wanted guides, seeders or crf_rows .* found none"
    ):
        experiments.Settings(guides=())
    for chosen in ({"seeders": ("guided",)}, {"crf_rows": ("plain",)}):
        assert experiments.Settings(guides=(), **chosen).guides == ()
