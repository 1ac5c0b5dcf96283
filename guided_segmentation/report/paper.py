"""What the paper measured, to be read beside a run.

Source: Oh et al., CVPR 2017, tables 2 and 3.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PaperRow:
    """A row of the paper's table 2, in percent as printed there.

    Attributes:
      fg: Precision and recall of the objects.
      bg: Precision and recall of the background.
      miou: Of the segmenter on VOC 2012 val, without CRF.
      note: What to know before comparing.
    """

    fg: tuple[int, int] | None
    bg: tuple[int, int] | None
    miou: float
    note: str = ""


ROWS = {
    "seeds_only": PaperRow((69, 37), (81, 95), 38.7),
    "g0": PaperRow(
        (65, 52),
        (65, 52),
        45.8,
        "the paper prints the foreground's figures again as the background's",
    ),
    "g2": PaperRow((73, 59), (87, 95), 51.2),
    "saliency_oracle": PaperRow((89, 91), (100, 99), 56.9),
    "full": PaperRow(
        None, None, 67.6, "table 3, with CRF; not comparable with the rest"
    ),
}

PERCENT_OF_FULL = 80.6  # Table 3, on the test set, with CRF.
