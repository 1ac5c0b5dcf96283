"""Flags of seeders."""

import programs
from absl import flags
from absl.testing import flagsaver
from binary_calls import SEEDING

from guided_segmentation.command_line import seeder_flags


def test_the_flags_of_seeders_are_all_tested():
    defined = flags.FLAGS.flags_by_module_dict()[seeder_flags.__name__]
    assert {flag.name for flag in defined} < SEEDING.keys()


def test_table_1_of_the_paper_has_the_papers_gradients():
    """DeepLab's CRF (appendix C.1), read at the image (section 4.2)."""
    names = ("backprop_crf", "excitation_layer")
    given = _given("table1_voc2012/seed_scores", names)
    values = dict(line.removeprefix("--").split("=") for line in given)
    with flagsaver.as_parsed(**values):
        assert seeder_flags.BACKPROP_CRF.value == "v2"
        assert seeder_flags.EXCITATION_LAYER.value == "image"
    assert seeder_flags.BACKPROP_CRF.default == "mild"
    assert seeder_flags.EXCITATION_LAYER.default == "pool4"


def _given(name, wanted):
    """Those lines of a flagfile that set some flags."""
    path = programs.ROOT / "flags" / f"{name}.flags"
    starts = tuple(f"--{flag}=" for flag in wanted)
    lines = path.read_text().splitlines()
    return [line for line in lines if line.startswith(starts)]


def test_table_3_of_the_paper_has_all_its_rows():
    (line,) = _given("table3_voc2012/experiment", ("guides",))
    assert line == "--guides=seeds_only,g0,g2,full"
