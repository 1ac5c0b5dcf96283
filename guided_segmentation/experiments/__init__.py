"""Experiments that compare seeders, guides and CRFs.

`plan` lists the stages of an experiment, `runner.run` runs them, `summarize`
collects their scores, and `write_report` writes a page of them.

Source of the comparisons: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, Tables 1 to 5.
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
