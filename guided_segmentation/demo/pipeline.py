"""One photograph through all stages, from networks to evidence for a guide.

What networks compute is kept apart from what thresholds decide, so that a
photograph is looked at once, however often a threshold moves. Seeds, guide and
label map are those that bin/make_seeds, bin/make_saliency, bin/make_guides and
bin/segment_images write.
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
      label_set: What seeder and segmenter tell apart.
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
    """What the networks see in one photograph.

    Attributes:
      image_id: Name of the photograph.
      image: [height, width, 3] uint8 RGB.
      score_maps: [height, width, num_objects] float32.
      likely: [num_objects] bool, which objects the seeder's network takes to
        be there.
      saliency_map: [height, width] float32 in [0, 1], in steps of 1/255 as
        files have it.
      probabilities: [height, width, num_classes] float32, of the segmenter.
    """

    image_id: str
    image: np.ndarray
    score_maps: np.ndarray
    likely: np.ndarray
    saliency_map: np.ndarray
    probabilities: np.ndarray


def run_networks(
    networks: Networks, image_id: str, image: np.ndarray
) -> NetworkOutputs:
    """Shows a photograph to all networks.

    Args:
      networks: Of one run.
      image_id: Name of the photograph, which G0's draw depends on.
      image: [height, width, 3] uint8 RGB.

    Returns:
      What they see, of all objects.
    """
    objects = np.arange(networks.label_set.num_objects, dtype=np.int32)
    score_maps, logits = map(np.asarray, networks.seeder(image, objects))
    foreground = np.asarray(networks.saliency_net(image[None])[0])
    levels = artifacts.saliency_levels(detector.saliency_map(foreground))
    return NetworkOutputs(
        image_id=image_id,
        image=image,
        score_maps=score_maps,
        likely=logits
        >= 0,  # A probability of a half, which is seeds.CLASS_THRESHOLD.
        saliency_map=levels.astype(np.float32) / 255,
        probabilities=np.asarray(networks.segmenter(image[None])[0]),
    )


def evidence(
    outputs: NetworkOutputs,
    image_labels: np.ndarray,
    seed_threshold: float = seeds.THRESHOLD,
    saliency_threshold: float = detector.THRESHOLD,
) -> guides.Evidence:
    """Cuts seeds and saliency mask out of what the networks see.

    Args:
      outputs: Of the photograph.
      image_labels: [num_objects] bool, which objects are present.
      seed_threshold: Share of an object's maximal score (tau).
      saliency_threshold: Share of the maximal saliency.

    Returns:
      What a guide is made from.
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
