"""Parsers of flag values that absl does not have."""

from absl import flags

from guided_segmentation import crf


class CrfParser(flags.ArgumentParser):
    """Takes the name of a dense CRF, as crf.named does, and keeps it."""

    syntactic_help = crf.NAMES

    def parse(self, argument: str) -> str:
        """Returns the name.

        Raises:
          ValueError: If no CRF has it.
        """
        crf.named(argument)
        return argument

    def flag_type(self) -> str:
        """Returns what --help calls it."""
        return "crf"
