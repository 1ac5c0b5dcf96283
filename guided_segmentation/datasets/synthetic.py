"""Synthetic scenes with exact label maps, saliency and boxes.

The scenes show the phenomena of the paper and need no download. A class is
determined by a small emblem; the larger body around it looks like that of any
other class, so that a classifier finds the part and misses the body. Objects
of different classes touch, bodies without an emblem are salient but belong to
the background, and each class co-occurs with a context.

Source of the phenomena: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, sections 4 and 5.
"""

import functools

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.datasets.scenes import composition, content, masks
from guided_segmentation.errors import InputError

LABEL_SET = labels.LabelSet(
    ("wasp", "ladybird", "medic", "archer", "rook", "windmill")
)
SIZE = (97, 121)  # Height and width: multiples of 8 pixels, plus 1.
NUM_IMAGES = {"train": 600, "val": 150, "test": 150}
NUM_SALIENCY_IMAGES = 300
NUM_ANNOTATORS = 3
MIN_SIDE_PX = 64  # Objects do not fit into smaller images.
_CACHE_SIZE = 1024  # Scenes in memory, about 150 kB each.
# One stream of random numbers for each split and for the saliency set.
_STREAMS = {"train": 0, "val": 1, "test": 2, "saliency": 3}


def source(
    split: str,
    *,
    num_images: int | None = None,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
) -> schema.Source:
    """Returns the scenes of a split, which are drawn when they are read.

    Args:
      split: "train", "val" or "test"; no scene is in two of them.
      num_images: How many scenes; `NUM_IMAGES[split]` if None. A larger
        number begins with the same scenes.
      seed: Determines the scenes.
      size: Height and width of the images in pixels.

    Raises:
      ValueError: If there is no such split, or the size or number is too
        small.
    """
    if split not in NUM_IMAGES:
        raise InputError(
            f"wanted a split among {', '.join(NUM_IMAGES)}, found {split!r}"
        )
    draw = functools.lru_cache(maxsize=_CACHE_SIZE)(
        lambda image_id: scene(split, index_of(image_id), seed=seed, size=size)
    )
    return schema.Source(
        name=f"synthetic/{split}",
        digest=_digest(seed, size),
        image_ids=_image_ids(split, num_images, NUM_IMAGES[split], size),
        image=lambda image_id: draw(image_id).image.copy(),
        image_labels=lambda image_id: labels.present(
            draw(image_id).label_map, LABEL_SET.num_objects
        ),
        label_map=lambda image_id: draw(image_id).label_map.copy(),
        label_set=LABEL_SET,
    )


def saliency_source(
    *,
    num_images: int | None = None,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
) -> schema.Source:
    """Returns images of salient things of no class, with annotators' boxes.

    The label maps are 1 on the salient things and 0 elsewhere; they are the
    truth, for evaluation only.

    Args:
      num_images: How many images; `NUM_SALIENCY_IMAGES` if None.
      seed: Determines the images.
      size: Height and width of the images in pixels.

    Raises:
      ValueError: If the size or number is too small.
    """
    draw = functools.lru_cache(maxsize=_CACHE_SIZE)(
        lambda image_id: saliency_scene(
            index_of(image_id), seed=seed, size=size
        )
    )
    return schema.Source(
        name="synthetic/saliency",
        digest=_digest(seed, size),
        image_ids=_image_ids("saliency", num_images, NUM_SALIENCY_IMAGES, size),
        image=lambda image_id: draw(image_id).image.copy(),
        label_map=lambda image_id: draw(image_id).saliency_mask.astype(
            np.uint8
        ),
        boxes=lambda image_id: annotators_boxes(
            draw(image_id).saliency_mask, index_of(image_id), seed=seed
        ),
    )


def scene(
    split: str, index: int, *, seed: int = 0, size: tuple[int, int] = SIZE
) -> composition.Scene:
    """Draws one to three objects, often with a distractor, on a background.

    Args:
      split: "train", "val" or "test".
      index: Number of the scene in the split.
      seed: Determines the scenes of the split.
      size: Height and width in pixels.

    Returns:
      The scene with its label map, instances and parts.
    """
    rng = _generator(split, index, seed)
    things, context = content.draw_scene(rng, size)
    return composition.compose(rng, things, context, size)


def saliency_scene(
    index: int, *, seed: int = 0, size: tuple[int, int] = SIZE
) -> composition.Scene:
    """Draws one salient thing of no class, sometimes two, on a background.

    Their outlines and emblems occur in no `scene`; textures of bodies,
    backgrounds and contexts are drawn in the same way.

    Args:
      index: Number of the image in the saliency set.
      seed: Determines the images of the set.
      size: Height and width in pixels.

    Returns:
      The scene; all its classes are 0.
    """
    rng = _generator("saliency", index, seed)
    things, context = content.draw_saliency_scene(rng, size)
    return composition.compose(rng, things, context, size)


def annotators_boxes(
    mask: np.ndarray, index: int, *, seed: int = 0
) -> np.ndarray:
    """Returns the boxes that imprecise annotators would draw.

    Args:
      mask: [height, width] bool with at least one True.
      index: Number of the image in the saliency set.
      seed: Seed of the saliency set.

    Returns:
      [NUM_ANNOTATORS, 4] int32 half-open boxes (row_min, column_min, row_max,
      column_max) in pixels, inside the image. Each side is displaced by up to
      4 % of the extent of the tight box.
    """
    rng = _generator("saliency", index, seed, "boxes")
    tight = np.array(masks.tight_box(mask), np.float64)
    extent = np.tile(tight[2:] - tight[:2], 2)
    jitter = 0.08 * (rng.random((NUM_ANNOTATORS, 4)) - 0.5) * extent
    limits = np.tile(mask.shape, 2)
    return np.clip(np.rint(tight + jitter), 0, limits).astype(np.int32)


def index_of(image_id: str) -> int:
    """Returns the number of a scene in its split, given its image id.

    Example:
      >>> index_of("train_000042")
      42
    """
    return int(image_id.rpartition("_")[2])


def _generator(
    stream: str, index: int, seed: int, what: str = "image"
) -> np.random.Generator:
    """Returns the random number generator of one image.

    Args:
      stream: Key of _STREAMS.
      index: Number of the image.
      seed: Seed of the data set.
      what: "image", or "boxes" for those of its annotators.
    """
    key = [seed, _STREAMS[stream], index, ("image", "boxes").index(what)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def _digest(seed: int, size: tuple[int, int]) -> str:
    return f"seed {seed}, {size[0]} x {size[1]}"


def _image_ids(
    stream: str, wanted: int | None, default: int, size: tuple[int, int]
) -> tuple[str, ...]:
    if min(size) < MIN_SIDE_PX:
        raise InputError(
            f"scenes need at least {MIN_SIDE_PX} px a side, found {size[0]} x "
            f"{size[1]}; draw larger ones"
        )
    count = default if wanted is None else wanted
    return tuple(f"{stream}_{index:06d}" for index in range(count))
