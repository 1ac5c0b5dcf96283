"""What an experiment compares, on which images, with which flags."""

import dataclasses
from collections.abc import Mapping

from guided_segmentation import guides
from guided_segmentation.experiments import table_1, table_4_5

# Whom the flags in `Settings.more` reach.
MORE = {
    "data": "every binary but train_saliency",
    "seeder": "train_seeder",
    **{
        network: f"train_seeder --seeder={network}, of --seeders and "
        + ("g1" if network == "vgg16" else "--crf_seeders")
        for network in dict.fromkeys(filter(None, table_1.NETWORKS.values()))
    },
    "evaluate_seeds": "evaluate_seeds",
    "seeds": "make_seeds",
    "saliency": "train_saliency",
    "make_saliency": "make_saliency",
    "guides": "make_guides and train_segmenter, since both make the guide",
    "evaluate_guides": "evaluate_guides",
    "segmenter": "train_segmenter",
    "segment": "segment_images",
    "second_seeds": "segment_images of the train images, for --rounds=2",
    "evaluate_segmenter": "evaluate_segmenter",
}

SECOND_GUIDES = ("g2", "seeds_only")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of an experiment.

    Attributes:
      guides: Names of the guides to compare, from `guides.GUIDES`.
      seeders: Names of the seeders to compare, from `table_1.NETWORKS`.
      crf_rows: Rows of tables 4 and 5 to fill, from `table_4_5.ROWS`.
      crf_seeders: For which seeders, from `table_4_5.SEEDERS`.
      data: Flags of the images that have image-level labels.
      saliency_data: Flags of the images that have boxes.
      train_split: Split to learn from.
      val_split: Split to score the segmenters on.
      crf: Whether to score them with crf-postproc too.
      rounds: 2 for self-training: what the segmenter of G2 predicts of the
        train images, within their image labels, is the seeds of another G2,
        called ROUND_2. 1 for none.
      second_guide: How that round labels: "g2", or "seeds_only" to take the
        predictions themselves for the guide.
      more: Further flags by the keys of `MORE`. They come last, so that they
        win; `{work_dir}` and, for the stages of a guide, `{guide}` are filled
        in, for those of a row `{seeder}` too.

    Raises:
      ValueError: If there is no such guide, seeder or row, or none at all, no
        first round to a second, or a second guide without a second round.
    """

    guides: tuple[str, ...] = tuple(guides.GUIDES)
    seeders: tuple[str, ...] = ()
    crf_rows: tuple[str, ...] = ()
    crf_seeders: tuple[str, ...] = ("gap_highres",)
    data: tuple[str, ...] = ()
    saliency_data: tuple[str, ...] = ()
    train_split: str = "train"
    val_split: str = "val"
    crf: bool = False
    rounds: int = 1
    second_guide: str = "g2"
    more: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    def __post_init__(self):
        for kind, found, known in (
            ("guides", self.guides, guides.GUIDES),
            ("second_guide", (self.second_guide,), SECOND_GUIDES),
            ("seeders", self.seeders, table_1.NETWORKS),
            ("crf_rows", self.crf_rows, table_4_5.ROWS),
            ("crf_seeders", self.crf_seeders, table_4_5.SEEDERS),
        ):
            unknown = sorted(set(found) - set(known))
            if unknown:
                raise ValueError(
                    f"wanted {kind} out of {', '.join(known)}, found "
                    f"{', '.join(unknown)}"
                )
        if not self.guides and not self.seeders and not self.crf_rows:
            raise ValueError(
                "wanted guides, seeders or crf_rows to compare, found none"
            )
        if self.rounds not in (1, 2):
            raise ValueError(f"wanted 1 or 2 rounds, found {self.rounds}")
        if self.rounds == 1 and self.second_guide != "g2":
            raise ValueError(
                f"second_guide={self.second_guide} wanted 2 rounds, found 1"
            )
        if self.rounds == 2 and "g2" not in self.guides:
            raise ValueError(
                f"wanted g2 among the guides, since its segmenter makes the "
                f"seeds of a second round, found {list(self.guides)}; add g2"
            )

    def images(self, split: str) -> tuple[str, ...]:
        """Returns the flags of a stage that reads "train" or "val" images."""
        name = {"train": self.train_split, "val": self.val_split}[split]
        return (*self.data, *self.more.get("data", ()), f"--split={name}")
