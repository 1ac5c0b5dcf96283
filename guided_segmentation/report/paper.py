"""The paper's published results, printed beside those of a run.

Source: Oh et al., CVPR 2017, tables 2 and 3.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PublishedRow:
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


_SAME_FIGURES = (
    "the paper prints the same figures for foreground and background"
)
PUBLISHED = {
    "seeds_only": PublishedRow((69, 37), (81, 95), 38.7, 39.8),
    "g0": PublishedRow((65, 52), (65, 52), 45.8, 48.8, _SAME_FIGURES),
    "g1": PublishedRow((75, 51), (75, 51), 46.2, note=_SAME_FIGURES),
    "g2": PublishedRow((73, 59), (87, 95), 51.2, 55.7),
    "g2_round2": PublishedRow(),
    "oaa": PublishedRow(),
    "saliency_oracle": PublishedRow((89, 91), (100, 99), 56.9),
    "full": PublishedRow(miou_crf=67.6),
}

# G2 over full supervision in table 3, on val with CRF: 55.7 of 67.6. Without
# CRF there is no mIoU of full supervision; the paper's 80.6 % is on test.
PUBLISHED_PERCENT_OF_FULL_SUPERVISION_CRF = 82.4
