"""What an experiment compares, on which images, with which flags."""

import dataclasses

from guided_segmentation import guides
from guided_segmentation.errors import InputError
from guided_segmentation.experiments import table_1, table_4_5
from guided_segmentation.experiments.stage_flags import StageFlags

# Which binaries the flags in `StageFlags.more` reach. But for "data", the keys
# are the names of the stages' flagfiles as well.
MORE = {
    "data": "every binary but train_saliency",
    "seeder": "train_seeder",
    **{
        network: f"train_seeder --seeder={network}, of --seeders and "
        + ("g1" if network == "vgg16" else "--crf_seeders")
        for network in dict.fromkeys(filter(None, table_1.NETWORKS.values()))
    },
    "seed_scores": "evaluate_seeds",
    "seeds": "make_seeds",
    "saliency": "train_saliency",
    "saliency_maps": "make_saliency",
    "guides": "make_guides and train_segmenter, since both make the guide",
    "guide_scores": "evaluate_guides",
    "segmenter": "train_segmenter",
    "predictions": "segment_images",
    "seeds_round2": "segment_images of the train images, for --rounds=2",
    "segmenter_scores": "evaluate_segmenter",
}

SECOND_GUIDES = ("g2", "seeds_only")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(StageFlags):
    """Settings of an experiment.

    Attributes:
      guides: Names of the guides to compare, from `guides.GUIDES`.
      seeders: Names of the seeders to compare, from `table_1.NETWORKS`.
      crf_rows: Rows of Tables 4 and 5 to fill, from `table_4_5.ROWS`.
      crf_seeders: For which seeders, from `table_4_5.SEEDERS`.
      crf: Whether to evaluate the segmenters with crf-postproc too.
      rounds: 2 for self-training: the predictions of the segmenter of G2 for
        the train images, within their image-level labels, are the seeds of
        another G2, called ROUND_2. 1 for none.
      second_guide: Guide of that round: "g2", or "seeds_only" to take the
        predictions themselves as the guide.

    Raises:
      ValueError: If there is no such guide, seeder or row, or none at all, no
        first round to a second, or a second guide without a second round.
    """

    guides: tuple[str, ...] = tuple(guides.GUIDES)
    seeders: tuple[str, ...] = ()
    crf_rows: tuple[str, ...] = ()
    crf_seeders: tuple[str, ...] = ("gap_highres",)
    crf: bool = False
    rounds: int = 1
    second_guide: str = "g2"

    def __post_init__(self):
        self._require_known_names()
        if not self.guides and not self.seeders and not self.crf_rows:
            raise InputError(
                "wanted guides, seeders or crf_rows to compare, found none"
            )
        if self.rounds not in (1, 2):
            raise InputError(f"wanted 1 or 2 rounds, found {self.rounds}")
        if self.rounds == 1 and self.second_guide != "g2":
            raise InputError(
                f"second_guide={self.second_guide} wanted 2 rounds, found 1"
            )
        if self.rounds == 2 and "g2" not in self.guides:
            raise InputError(
                f"wanted g2 among the guides, since its segmenter makes the "
                f"seeds of a second round, found {list(self.guides)}; add g2"
            )

    def _require_known_names(self):
        for kind, found, known in (
            ("guides", self.guides, guides.GUIDES),
            ("second_guide", (self.second_guide,), SECOND_GUIDES),
            ("seeders", self.seeders, table_1.NETWORKS),
            ("crf_rows", self.crf_rows, table_4_5.ROWS),
            ("crf_seeders", self.crf_seeders, table_4_5.SEEDERS),
        ):
            unknown = sorted(set(found) - set(known))
            if unknown:
                raise InputError(
                    f"wanted {kind} out of {', '.join(known)}, found "
                    f"{', '.join(unknown)}"
                )
