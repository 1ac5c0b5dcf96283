"""Experiments: seeders, CRFs, and guides by the segmenters they teach.

`plan` lists the stages, `stages.run` runs them, `summarize` gathers what
they measured, and `write_report` shows it.

Source of the comparisons: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, tables 1, 2, 4 and 5.
"""

from guided_segmentation.experiments.plan import ROUND_2, plan
from guided_segmentation.experiments.report import write_report
from guided_segmentation.experiments.settings import (
    MORE,
    SECOND_GUIDES,
    Settings,
)
from guided_segmentation.experiments.summary import evaluations, summarize

__all__ = [
    "MORE",
    "ROUND_2",
    "SECOND_GUIDES",
    "Settings",
    "evaluations",
    "plan",
    "summarize",
    "write_report",
]
