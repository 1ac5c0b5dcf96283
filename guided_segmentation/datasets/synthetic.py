"""Drawn scenes with exact label maps, saliency and boxes: needs no download.

The scenes show what the paper is about. A class lives in a small emblem; the
larger body that wears it may look like any other class's, so that a
classifier finds the part and misses the body. Objects of different classes
touch, bodies without an emblem are salient but background, and each class
has a ground it tends to stand on.

Source of the phenomena: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, sections 4 and 5.
"""

import functools
from collections.abc import Sequence

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.datasets.scenes import composition, drawing, shapes

LABEL_SET = labels.LabelSet(
    ("wasp", "ladybird", "medic", "archer", "rook", "windmill")
)
SIZE = (97, 121)  # Height and width: multiples of 8 px and one more.
NUM_IMAGES = {"train": 600, "val": 150, "test": 150}
NUM_SALIENCY_IMAGES = 300
NUM_ANNOTATORS = 3
MIN_SIDE = 64  # Of an image, in pixels; an object would not fit otherwise.
# Emblem and usual context of each class, in the order of LABEL_SET.
_EMBLEMS = tuple(shapes.EMBLEMS)
_CONTEXTS = tuple(shapes.CONTEXTS)
_KEPT = 1024  # Scenes in memory, about 150 kB each.
_STREAMS = {"train": 0, "val": 1, "test": 2, "saliency": 3}


def source(
    split: str,
    *,
    num_images: int | None = None,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
) -> schema.Source:
    """Returns the scenes of a split, drawn when asked for.

    Args:
      split: "train", "val" or "test"; no scene is in two of them.
      num_images: How many scenes; `NUM_IMAGES[split]` if None. The first n
        are the same for every number.
      seed: Another seed, other scenes.
      size: Height and width of the images.

    Raises:
      ValueError: If there is no such split, or the size or number is too
        small.
    """
    if split not in NUM_IMAGES:
        raise ValueError(
            f"wanted a split among {', '.join(NUM_IMAGES)}, found {split!r}"
        )
    draw = functools.lru_cache(maxsize=_KEPT)(
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

    Its label maps are 1 on the salient things and 0 elsewhere: the truth, for
    evaluation only.

    Args:
      num_images: How many images; `NUM_SALIENCY_IMAGES` if None.
      seed: Another seed, other images.
      size: Height and width of the images.

    Raises:
      ValueError: If the size or number is too small.
    """
    draw = functools.lru_cache(maxsize=_KEPT)(
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
    """Draws one to three objects, and often a distractor, on a background.

    Args:
      split: "train", "val" or "test".
      index: Which scene of the split.
      seed: Another seed, other scenes.
      size: Height and width.
    """
    rng = _generator(split, index, seed)
    classes = _draw_classes(rng)
    context = _draw_context(rng, classes)
    things = _objects(rng, classes, size)
    if rng.random() < 0.55:
        things.append(_distractor(rng, things, size))
    return composition.compose(rng, things, context, size)


def saliency_scene(
    index: int, *, seed: int = 0, size: tuple[int, int] = SIZE
) -> composition.Scene:
    """Draws one salient thing of no class, sometimes two, on a background.

    Neither outline nor emblem occurs in `scene`; bodies, backgrounds and
    contexts are of the same making.

    Args:
      index: Which image of the saliency set.
      seed: Another seed, other images.
      size: Height and width.
    """
    rng = _generator("saliency", index, seed)
    count = 1 if rng.random() < 0.7 else 2
    things = [_other_thing(rng, count, size) for _ in range(count)]
    context = drawing.pick(rng, (None, *_CONTEXTS))
    return composition.compose(rng, things, context, size)


def annotators_boxes(
    mask: np.ndarray, index: int, *, seed: int = 0
) -> np.ndarray:
    """Returns the boxes that annotators with unsteady hands would draw.

    Args:
      mask: [height, width] bool with at least one True.
      index: Which image of the saliency set.
      seed: Seed of the saliency set.

    Returns:
      [NUM_ANNOTATORS, 4] int32 half-open boxes (row_min, column_min, row_max,
      column_max); each side is off by 4 % of the box's extent at most, and
      inside the image.
    """
    rng = _generator("saliency", index, seed, "boxes")
    tight = np.array(composition.tight_box(mask), np.float64)
    extent = np.tile(tight[2:] - tight[:2], 2)
    jitter = 0.08 * (rng.random((NUM_ANNOTATORS, 4)) - 0.5) * extent
    limits = np.tile(mask.shape, 2)
    return np.clip(np.rint(tight + jitter), 0, limits).astype(np.int32)


def _generator(
    stream: str, index: int, seed: int, what: str = "image"
) -> np.random.Generator:
    """Returns the generator of one image, independent of any other's."""
    key = [seed, _STREAMS[stream], index, ("image", "boxes").index(what)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def _digest(seed: int, size: tuple[int, int]) -> str:
    return f"seed {seed}, {size[0]} x {size[1]}"


def _image_ids(
    stream: str, wanted: int | None, default: int, size: tuple[int, int]
) -> tuple[str, ...]:
    if min(size) < MIN_SIDE:
        raise ValueError(
            f"scenes need at least {MIN_SIDE} px a side, found {size[0]} x "
            f"{size[1]}; draw larger ones"
        )
    count = default if wanted is None else wanted
    return tuple(f"{stream}_{index:06d}" for index in range(count))


def index_of(image_id: str) -> int:
    """Returns which scene of its split an image id names."""
    return int(image_id.rpartition("_")[2])


def _draw_classes(rng: np.random.Generator) -> list[int]:
    """Draws the classes of one to three objects; 255 never, 0 never."""
    share = rng.random()
    count = 1 + (share > 0.4) + (share > 0.78)
    classes = [_any_class(rng)]
    while len(classes) < count:
        candidate = _any_class(rng)
        if candidate not in classes or rng.random() < 0.15:
            classes.append(candidate)
    return classes


def _any_class(rng: np.random.Generator) -> int:
    return 1 + int(rng.random() * LABEL_SET.num_objects)


def _draw_context(
    rng: np.random.Generator, classes: Sequence[int]
) -> str | None:
    """Draws the context of one of the classes, mostly."""
    share = rng.random()
    if share < 0.7:
        return _CONTEXTS[drawing.pick(rng, classes) - 1]
    return drawing.pick(rng, _CONTEXTS) if share < 0.82 else None


def _objects(
    rng: np.random.Generator, classes: Sequence[int], size: tuple[int, int]
) -> list[composition.Thing]:
    """Draws an object for each class; most touch the one before."""
    things: list[composition.Thing] = []
    hue = rng.random()
    for class_index in classes:
        name = _EMBLEMS[class_index - 1]
        things.append(
            composition.Thing(
                sprite=_body(
                    rng,
                    emblem=drawing.class_emblem(rng, name),
                    hue=hue,
                    length_px=_length(rng, len(classes), size),
                ),
                class_index=class_index,
                touches=bool(things) and rng.random() < 0.8,
                visible=0.6 if rng.random() < 0.3 else 1.0,
            )
        )
        hue = (hue + drawing.between(rng, 0.2, 0.46)) % 1
    return things


def _distractor(
    rng: np.random.Generator,
    things: Sequence[composition.Thing],
    size: tuple[int, int],
) -> composition.Thing:
    """Draws a body like any other, without an emblem or with a plain one."""
    emblem = drawing.plain_emblem(rng) if rng.random() < 0.5 else None
    length = min(_length(rng, 1 + len(things), size), 0.5 * size[0])
    return composition.Thing(
        sprite=_body(rng, emblem=emblem, hue=rng.random(), length_px=length),
        class_index=0,
        touches=rng.random() < 0.1,
        visible=0.6,
    )


def _body(rng, *, emblem, hue, length_px) -> drawing.Sprite:
    return drawing.sprite(
        rng,
        outline=drawing.pick(rng, list(shapes.BODIES.values())),
        emblem=emblem,
        length_px=length_px,
        width_px=length_px * drawing.between(rng, 0.55, 0.8),
        hue=hue,
    )


def _length(
    rng: np.random.Generator, num_objects: int, size: tuple[int, int]
) -> float:
    """Draws the length of a body, the smaller the more crowded the image."""
    largest = min(size) * (0.78, 0.66, 0.52)[min(num_objects, 3) - 1]
    smallest = 0.36 * min(size)
    share = rng.random()
    return smallest + (largest - smallest) * share


def _other_thing(
    rng: np.random.Generator, count: int, size: tuple[int, int]
) -> composition.Thing:
    """Draws a thing with an outline and an emblem that no object has."""
    length = drawing.between(rng, 0.45, 0.85 if count == 1 else 0.6) * min(size)
    sprite = drawing.sprite(
        rng,
        outline=drawing.pick(rng, list(shapes.OTHER_OUTLINES.values())),
        emblem=drawing.other_emblem(rng) if rng.random() < 0.75 else None,
        length_px=length,
        width_px=length * drawing.between(rng, 0.65, 0.95),
        hue=rng.random(),
    )
    return composition.Thing(
        sprite=sprite, class_index=0, touches=False, visible=0.9
    )
