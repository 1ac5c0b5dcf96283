"""Flags of seeders."""

from absl import flags
from binary_calls import SEEDING

from guided_segmentation.command_line import seeder_flags


def test_the_flags_of_seeders_are_all_tested():
    defined = flags.FLAGS.flags_by_module_dict()[seeder_flags.__name__]
    assert {flag.name for flag in defined} < SEEDING.keys()
