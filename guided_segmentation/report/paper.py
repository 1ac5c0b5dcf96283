"""What the paper measured, to be read beside a run.

Source: Oh et al., CVPR 2017, tables 2 and 3.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PaperRow:
    """A row of the paper's tables 2 and 3, in percent as printed there.

    Attributes:
      fg: Precision and recall of the objects.
      bg: Precision and recall of the background.
      miou: Of the segmenter on VOC 2012 val, without CRF.
      miou_crf: The same with crf-postproc.
      note: What to know before comparing.
    """

    fg: tuple[int, int] | None = None
    bg: tuple[int, int] | None = None
    miou: float | None = None
    miou_crf: float | None = None
    note: str = ""


_TWICE = "the paper prints the foreground's figures again as the background's"
ROWS = {
    "seeds_only": PaperRow((69, 37), (81, 95), 38.7, 39.8),
    "g0": PaperRow((65, 52), (65, 52), 45.8, 48.8, _TWICE),
    "g1": PaperRow((75, 51), (75, 51), 46.2, note=_TWICE),
    "g2": PaperRow((73, 59), (87, 95), 51.2, 55.7),
    "g2_round2": PaperRow(),
    "oaa": PaperRow(),
    "saliency_oracle": PaperRow((89, 91), (100, 99), 56.9),
    "full_supervision": PaperRow(miou_crf=67.6),
}

PERCENT_OF_FULL = 80.6  # Table 3, on the test set, with CRF.
