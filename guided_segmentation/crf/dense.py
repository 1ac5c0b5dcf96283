"""Dense CRF: an image and unary energies in, class probabilities out.

Every pixel is a node, and every pair of pixels is an edge. An edge costs
energy if its pixels have different labels: the more, the closer they are to
each other in the image and in colour. Inference is done by pydensecrf.

Source: Krahenbuhl and Koltun, "Efficient inference in fully connected CRFs
with Gaussian edge potentials", NIPS 2011.
"""

import numpy as np
from pydensecrf import densecrf

from guided_segmentation.crf.settings import DEEPLAB, CrfSettings


def infer(
    image: np.ndarray,
    energy: np.ndarray,
    settings: CrfSettings = DEEPLAB,
    mask: np.ndarray | None = None,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Returns the mean-field probabilities of every class at every pixel.

    Edges follow the Potts model, and their kernels are normalised
    symmetrically. pydensecrf approximates the kernels by a fast filter, so
    the probabilities agree with the exact mean field to about two digits.

    Args:
      image: [height, width, 3] uint8 RGB.
      energy: [height, width, num_classes] float, finite unary energies; the
        class of lower energy is the more probable one.
      settings: Weights and standard deviations of the edges, and steps.
      mask: [height, width] bool. Only its True pixels are nodes: pixels
        outside get no label and influence none. None takes all pixels.
      origin: Row and column of the first pixel in the photograph, where the
        arrays are a box of it: with them the result is that of the whole
        photograph, bit for bit.

    Returns:
      [height, width, num_classes] float32 in [0, 1], summing to one over the
      classes inside the mask and all 0 outside.

    Raises:
      ValueError: If the arrays do not fit each other, the image is not uint8
        or an energy is not finite.

    Example:
      >>> image = np.zeros([3, 3, 3], np.uint8)  # All of one colour.
      >>> energy = np.zeros([3, 3, 2])
      >>> energy[..., 1] = 2.0  # Every pixel prefers class 0,
      >>> energy[1, 1] = [1.0, 0.0]  # but the centre prefers class 1.
      >>> infer(image, energy).argmax(axis=-1).tolist()
      [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    """
    if mask is None:
        mask = np.ones(image.shape[:2], bool)
    _check(image, energy, mask)
    probabilities = np.zeros(energy.shape, np.float32)
    if mask.any():
        rows, columns = np.nonzero(mask)
        # Columns first, as in pydensecrf: the result of its filter depends
        # slightly on the order.
        position = np.empty([2, rows.size], np.float32)
        np.add(columns, origin[1], out=position[0], casting="unsafe")
        np.add(rows, origin[0], out=position[1], casting="unsafe")
        probabilities[mask] = _mean_field(
            position, image[mask], energy[mask], settings
        )
    return probabilities


def _mean_field(
    position: np.ndarray,
    colour: np.ndarray,
    energy: np.ndarray,
    settings: CrfSettings,
) -> np.ndarray:
    """Returns [nodes, num_classes] probabilities after mean-field inference.

    Args:
      position: [2, nodes] float32 column and row in pixels.
      colour: [nodes, 3] uint8 RGB.
      energy: [nodes, num_classes] float.
      settings: Weights and standard deviations of the edges, and steps.
    """
    field = densecrf.DenseCRF(*energy.shape)
    field.setUnaryEnergy(np.ascontiguousarray(energy.T, np.float32))
    if settings.gaussian_weight:
        near = position / np.float32(settings.gaussian_xy_px)
        field.addPairwiseEnergy(near, settings.gaussian_weight)
    if settings.bilateral_weight:
        features = np.empty([5, len(energy)], np.float32)
        features[:2] = position / np.float32(settings.bilateral_xy_px)
        levels = np.arange(256) / settings.bilateral_rgb
        features[2:] = levels.astype(np.float32)[colour.T]
        field.addPairwiseEnergy(features, settings.bilateral_weight)
    return np.array(field.inference(settings.num_steps)).T


def _check(image: np.ndarray, energy: np.ndarray, mask: np.ndarray) -> None:
    size = image.shape[:2]
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"wanted a [height, width, 3] uint8 RGB image, got {image.dtype} "
            f"of shape {image.shape}; give the photograph itself, unscaled"
        )
    if energy.ndim != 3 or energy.shape[:2] != size or mask.shape != size:
        raise ValueError(
            f"image, energy and mask must share height and width, got "
            f"{image.shape}, {energy.shape} and {mask.shape}; resize all to "
            f"the image"
        )
    if mask.dtype != bool:
        raise ValueError(f"mask must be bool, got {mask.dtype}; threshold it")
    if not np.isfinite(energy).all():
        raise ValueError(
            f"energies must be finite, got {(~np.isfinite(energy)).sum()} that "
            f"are not; clip the probabilities before the logarithm"
        )
