"""Flag types that absl does not have."""

from absl import flags

from guided_segmentation import crf


class CrfParser(flags.ArgumentParser):
    """The name of a dense CRF that `crf.named` accepts."""

    syntactic_help = crf.NAMES

    def parse(self, argument: str) -> str:
        """Checks the name and returns it.

        Raises:
          ValueError: If no CRF has this name.
        """
        crf.named(argument)
        return argument

    def flag_type(self) -> str:
        """Returns the name of the type."""
        return "crf"
