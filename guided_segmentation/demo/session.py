"""Computes what the page shows: suggested tags and all pictures."""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from guided_segmentation import crf, guides, segmenter
from guided_segmentation.demo import gallery, network_outputs, upload
from guided_segmentation.errors import InputError

GUIDES = ("g2", "seeds_only", "g0", "oaa")  # Made from seeds and saliency.
CRFS = ("none", "deeplab", "sec", "mild")
_CACHED = 8  # Photographs; one of 640 x 480 takes 50 MB with 20 objects.


class DemoSession:
    """Runs the networks for the page, and caches the last photographs.

    Attributes:
      label_set: The classes of seeder and segmenter.
    """

    def __init__(
        self, networks: network_outputs.Networks, limits: upload.Limits
    ):
        self.label_set = networks.label_set

        @functools.lru_cache(_CACHED)
        def outputs(path):  # gradio's path contains a digest of the content.
            image = upload.photograph(path, limits)
            name = pathlib.Path(path).stem
            return network_outputs.run_networks(networks, name, image)

        @functools.lru_cache(_CACHED * len(CRFS))
        def segmented(path, name):
            found = outputs(path)
            settings = None if name == "none" else crf.named(name)
            return segmenter.label_map(
                found.image, found.probabilities, settings
            )

        self._outputs, self._segmented = outputs, segmented

    def suggest(self, path: str) -> list[str]:
        """Returns the objects that the seeder's network predicts.

        Args:
          path: Path of the uploaded photograph. A rejected photograph has no
            tags; `show` returns the reason.
        """
        try:
            predicted = self._outputs(path).predicted_objects
        except InputError:
            return []
        indices = np.flatnonzero(predicted)
        return [self.label_set.objects[index] for index in indices]

    def show(
        self,
        path: str | None,
        tags: Sequence[str],
        guide: str,
        seed_threshold: float,
        saliency_threshold: float,
        seed_min_area: float,
        saliency_min_area: float,
        use_crf: bool,
        segmenter_crf: str,
    ) -> str:
        """Returns all pictures as HTML, or a message if there are none.

        Args:
          path: Path of the uploaded photograph; None before the first upload.
          tags: Names of the objects that it shows.
          guide: One of GUIDES.
          seed_threshold: Fraction of an object's maximal score (tau).
          saliency_threshold: Fraction of the maximal saliency.
          seed_min_area: Smallest area of a seed, in percent of the photograph
            (G2).
          saliency_min_area: Smallest salient region, in percent of the
            photograph (G2).
          use_crf: Whether a dense CRF divides salient regions that touch seeds
            of several classes (G2).
          segmenter_crf: One of CRFS, applied to the segmenter's prediction.
        """
        if path is None:
            return str(gallery.message_html(gallery.WELCOME))
        settings = dataclasses.replace(
            guides.PAPER,
            seed_min_area=_area(seed_min_area),
            saliency_min_area=_area(saliency_min_area),
            crf=crf.DEEPLAB if use_crf else crf.NONE,
        )
        try:
            outputs = self._outputs(path)
            present = self.label_set.image_labels(tags)
            segmented = self._segmented(path, segmenter_crf)
        except InputError as error:
            return str(gallery.message_html(str(error), "problem"))
        evidence = network_outputs.evidence(
            outputs, present, seed_threshold, saliency_threshold
        )
        guide_map = guides.GUIDES[guide](evidence, settings) if tags else None
        drawn = gallery.figures(outputs, evidence, guide, guide_map, segmented)
        message = "" if tags else gallery.UNTAGGED
        html = gallery.to_html(drawn, self.label_set.classes, message)
        return str(html)  # gradio gets no Markup, whose "+" escapes.


def _area(percent: float) -> guides.Area:
    return guides.Area(f"{percent / 100:.6f}")
