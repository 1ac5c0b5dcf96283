"""What the page asks, answered: tags for a photograph, and all its pictures."""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from guided_segmentation import crf, guides, segmenter
from guided_segmentation.demo import gallery, pipeline, upload

GUIDES = ("g2", "seeds_only", "g0", "oaa")  # Those of seeds and saliency.
CRFS = ("none", "deeplab", "sec", "mild")
_KEPT = 8  # Photographs in memory; one of 640 x 480 has 50 MB with 20 objects.


class DemoSession:
    """Answers what the page asks, and remembers the last photographs.

    Attributes:
      label_set: What seeder and segmenter tell apart.
    """

    def __init__(self, networks: pipeline.Networks, limits: upload.Limits):
        self.label_set = networks.label_set

        @functools.lru_cache(_KEPT)
        def outputs(path):  # gradio's folder is a digest of what is uploaded.
            image = upload.photograph(path, limits)
            return pipeline.run_networks(
                networks, pathlib.Path(path).stem, image
            )

        @functools.lru_cache(_KEPT * len(CRFS))
        def segmented(path, name):
            seen = outputs(path)
            settings = None if name == "none" else crf.named(name)
            return segmenter.label_map(seen.image, seen.probabilities, settings)

        self._outputs, self._segmented = outputs, segmented

    def suggest(self, path: str) -> list[str]:
        """Returns the tags of what the seeder's network finds.

        Args:
          path: Of the uploaded photograph. One that is refused has no tags;
            `show` tells why.
        """
        try:
            likely = np.flatnonzero(self._outputs(path).likely)
        except ValueError:
            return []
        return [self.label_set.objects[index] for index in likely]

    def show(
        self,
        path: str | None,
        tags: Sequence[str],
        guide: str,
        seed_threshold: float,
        saliency_threshold: float,
        seed_min_area: float,
        saliency_min_area: float,
        divide: bool,
        segmenter_crf: str,
    ) -> str:
        """Returns all pictures as HTML, or the one line that says why not.

        Args:
          path: Of the uploaded photograph; None before there is one.
          tags: Names of the objects that it shows.
          guide: One of GUIDES.
          seed_threshold: Share of an object's maximal score (tau).
          saliency_threshold: Share of the maximal saliency.
          seed_min_area: Smallest area of a seed, in pixels (G2).
          saliency_min_area: Smallest salient region, in per cent of the
            photograph (G2).
          divide: Whether a dense CRF divides what several classes touch (G2).
          segmenter_crf: One of CRFS, for the segmenter's result.
        """
        if path is None:
            return gallery.say(gallery.WELCOME)
        settings = dataclasses.replace(
            guides.PAPER,
            seed_min_area_px=int(seed_min_area),
            saliency_min_area=saliency_min_area / 100,
            crf=crf.DEEPLAB if divide else crf.NONE,
        )
        try:
            outputs = self._outputs(path)
            present = self.label_set.image_labels(tags)
            segmented = self._segmented(path, segmenter_crf)
        except ValueError as error:
            return gallery.say(str(error), "problem")
        evidence = pipeline.evidence(
            outputs, present, seed_threshold, saliency_threshold
        )
        made = guides.GUIDES[guide](evidence, settings) if tags else None
        drawn = gallery.figures(outputs, evidence, guide, made, segmented)
        message = "" if tags else gallery.UNTAGGED
        return gallery.to_html(drawn, self.label_set.classes, message)
