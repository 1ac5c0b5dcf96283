"""The outputs of all networks for one photograph, and a guide's evidence.

Networks run once for each photograph; moving a threshold only repeats
`evidence`. Seeds, guide and label map equal those that bin/make_seeds,
bin/make_saliency, bin/make_guides and bin/segment_images write.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, guides, labels
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds

# From [batch, height, width, 3] uint8 RGB to [batch, height, width, classes]
# float32 probabilities, as networks.prediction.dense returns it.
Predict = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The trained networks of one run.

    Attributes:
      label_set: The classes of seeder and segmenter.
      seeder: As cam.seeder returns it.
      saliency_net: Two classes; channel 1 is salient.
      segmenter: All classes of the label set.
    """

    label_set: labels.LabelSet
    seeder: seeds.Seeder
    saliency_net: Predict
    segmenter: Predict


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOutputs:
    """What the networks predict for one photograph.

    Attributes:
      image_id: Name of the photograph.
      image: [height, width, 3] uint8 RGB.
      score_maps: [height, width, num_objects] float32, unbounded.
      predicted_objects: [num_objects] bool, the objects to which the seeder's
        network gives a probability of at least 0.5.
      saliency_map: [height, width] float32 in [0, 1], in steps of 1/255 as in
        a file.
      probabilities: [height, width, num_classes] float32, of the segmenter.
    """

    image_id: str
    image: np.ndarray
    score_maps: np.ndarray
    predicted_objects: np.ndarray
    saliency_map: np.ndarray
    probabilities: np.ndarray


def run_networks(
    networks: Networks, image_id: str, image: np.ndarray
) -> NetworkOutputs:
    """Runs all networks on a photograph.

    Args:
      networks: The networks of one run.
      image_id: Name of the photograph; it seeds the random choices of G0.
      image: [height, width, 3] uint8 RGB.

    Returns:
      Their outputs, with the score maps of all objects.
    """
    objects = np.arange(networks.label_set.num_objects, dtype=np.int32)
    score_maps, logits = map(np.asarray, networks.seeder(image, objects))
    foreground = np.asarray(networks.saliency_net(image[None])[0])
    levels = artifacts.saliency_levels(detector.saliency_map(foreground))
    return NetworkOutputs(
        image_id=image_id,
        image=image,
        score_maps=score_maps,
        predicted_objects=logits >= 0,  # seeds.CLASS_THRESHOLD, as a logit.
        saliency_map=levels.astype(np.float32) / 255,
        probabilities=np.asarray(networks.segmenter(image[None])[0]),
    )


def evidence(
    outputs: NetworkOutputs,
    image_labels: np.ndarray,
    seed_threshold: float = seeds.THRESHOLD,
    saliency_threshold: float = detector.THRESHOLD,
) -> guides.Evidence:
    """Applies the thresholds to score maps and saliency map.

    Args:
      outputs: The networks' outputs for the photograph.
      image_labels: [num_objects] bool, which objects are present.
      seed_threshold: Fraction of an object's maximal score (tau).
      saliency_threshold: Fraction of the maximal saliency.

    Returns:
      Seeds and saliency mask, from which a guide is made.
    """
    return guides.Evidence(
        image_id=outputs.image_id,
        image=outputs.image,
        image_labels=image_labels,
        seeds=seeds.seeds(
            outputs.score_maps[..., image_labels],
            guides.present_classes(image_labels),
            seed_threshold,
        ),
        saliency_mask=detector.saliency_mask(
            outputs.saliency_map, saliency_threshold
        ),
    )
