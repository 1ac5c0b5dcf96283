"""From class probabilities to a label map, and how certain it is."""

import dataclasses

import cv2
import numpy as np

from guided_segmentation import artifacts, crf

# No detector is surer than this: a pixel of saliency 0 may be an object's.
DOUBT = 0.02
_TINY = np.finfo(np.float32).tiny


@dataclasses.dataclass(frozen=True)
class SaliencyMaps:
    """Saliency maps that share in the decision.

    Attributes:
      folder: Of <image_id>.png.
      weight: Of the maps, as `with_saliency` takes it.
    """

    folder: artifacts.Path
    weight: float

    def combined(self, image_id: str, probabilities: np.ndarray) -> np.ndarray:
        """Does `with_saliency` with the map of an image.

        Args:
          image_id: Of the image.
          probabilities: [height, width, num_classes] float32 in [0, 1].

        Returns:
          [height, width, num_classes] float32.

        Raises:
          FileNotFoundError: If there is no map of the image.
          InputError: If it is no saliency map.
        """
        path = artifacts.to_path(self.folder, f"{image_id}.png")
        saliency_map = artifacts.read_saliency_map(path)
        return with_saliency(probabilities, saliency_map, self.weight)


def label_map(
    image: np.ndarray,
    probabilities: np.ndarray,
    crf_settings: crf.CrfSettings | None = None,
) -> np.ndarray:
    """Decides the class of every pixel.

    A class of probability 0 everywhere, such as `present_only` leaves, is no
    class of the CRF, whose time grows with their number.

    Args:
      image: [height, width, 3] uint8 RGB.
      probabilities: [height, width, num_classes] float32 in [0, 1].
      crf_settings: Settings of crf-postproc; None takes the class of the
        highest probability.

    Returns:
      [height, width] uint8 class indices.
    """
    if crf_settings is None:
        return most_probable(probabilities)
    possible = np.flatnonzero(probabilities.any(axis=(0, 1)))
    if len(possible) == probabilities.shape[-1]:
        return crf.postprocess(image, probabilities, crf_settings)
    chosen = crf.postprocess(image, probabilities[..., possible], crf_settings)
    return possible.astype(np.uint8)[chosen]


def most_probable(probabilities: np.ndarray) -> np.ndarray:
    """Takes the class of the highest probability; of equal ones the first.

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1].

    Returns:
      [height, width] uint8 class indices.
    """
    return probabilities.argmax(-1).astype(np.uint8)


def present_only(
    probabilities: np.ndarray, image_labels: np.ndarray
) -> np.ndarray:
    """Sets the probabilities of absent objects to zero.

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1].
      image_labels: [num_objects] bool, which objects are present.

    Returns:
      [height, width, num_classes] float32; the background, class 0, and the
      present objects keep their probabilities.
    """
    return probabilities * np.append(True, image_labels).astype(np.float32)


def with_saliency(
    probabilities: np.ndarray, saliency_map: np.ndarray, weight: float
) -> np.ndarray:
    """Multiplies the network's opinion with that of a saliency detector.

    Both estimate where objects are, and err in different places. Objects are
    multiplied by s^weight, the background by (1 - s)^weight, and the products
    normalized: a product of experts (Hinton, Neural Computation 2002).

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1], class 0
        the background.
      saliency_map: [rows, columns] float32 in [0, 1]; resized bilinearly.
      weight: Of the detector, at least 0; 0 changes nothing.

    Returns:
      [height, width, num_classes] float32; each pixel keeps its sum.
    """
    height, width, _ = probabilities.shape
    if saliency_map.shape != (height, width):
        saliency_map = cv2.resize(saliency_map, (width, height))
    salient = np.clip(saliency_map, DOUBT, 1 - DOUBT)[..., None]
    weighted = probabilities * salient**weight
    weighted[..., :1] = probabilities[..., :1] * (1 - salient) ** weight
    total = weighted.sum(-1, keepdims=True)
    wanted = probabilities.sum(-1, keepdims=True)
    return weighted * (wanted / np.maximum(total, _TINY))


def margins(probabilities: np.ndarray) -> np.ndarray:
    """Computes by how much the most probable class of each pixel leads.

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1], of at
        least two classes.

    Returns:
      [height, width] float32 in [0, 1]: the highest minus the second
      probability.

    Example:
      >>> pixels = np.array([[[0.5, 0.25, 0.25], [0.25, 0.0, 0.75]]])
      >>> margins(pixels).tolist()
      [[0.25, 0.5]]
    """
    planes = np.moveaxis(probabilities, -1, 0)
    highest, second = planes[0], np.zeros_like(planes[0])
    for plane in planes[1:]:
        second = np.maximum(second, np.minimum(highest, plane))
        highest = np.maximum(highest, plane)
    return highest - second
