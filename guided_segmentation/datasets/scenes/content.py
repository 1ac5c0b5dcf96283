"""The content of a scene: which things it shows, and in which context."""

from collections.abc import Sequence

import numpy as np

from guided_segmentation.datasets.scenes import shapes, sprites
from guided_segmentation.datasets.scenes.composition import Thing
from guided_segmentation.datasets.scenes.random_values import between, pick

# Emblem and usual context of each class; the first ones are those of class 1.
_EMBLEMS = tuple(shapes.EMBLEMS)
_CONTEXTS = tuple(shapes.CONTEXTS)


def draw_scene(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[list[Thing], str | None]:
    """Draws one to three objects, often with a distractor.

    Args:
      rng: Draws everything.
      size: Height and width of the image.

    Returns:
      The things, and the context or None.
    """
    classes = _draw_classes(rng)
    context = _draw_context(rng, classes)
    things = _draw_objects(rng, classes, size)
    if rng.random() < 0.55:
        things.append(_draw_distractor(rng, len(things), size))
    return things, context


def draw_saliency_scene(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[list[Thing], str | None]:
    """Draws one salient thing of no class, sometimes two.

    Args:
      rng: Draws everything.
      size: Height and width of the image.

    Returns:
      The things, and the context or None.
    """
    count = 1 if rng.random() < 0.7 else 2
    things = [_draw_classless_thing(rng, count, size) for _ in range(count)]
    return things, pick(rng, (None, *_CONTEXTS))


def _draw_classes(rng: np.random.Generator) -> list[int]:
    """Draws the class indices of one to three objects."""
    fraction = rng.random()
    count = 1 + (fraction > 0.4) + (fraction > 0.78)
    classes = [_draw_class(rng)]
    while len(classes) < count:
        candidate = _draw_class(rng)
        if candidate not in classes or rng.random() < 0.15:
            classes.append(candidate)
    return classes


def _draw_class(rng: np.random.Generator) -> int:
    return 1 + int(rng.random() * len(_EMBLEMS))


def _draw_context(
    rng: np.random.Generator, classes: Sequence[int]
) -> str | None:
    """Draws a context: 70 % that of a class, 12 % any, 18 % none."""
    fraction = rng.random()
    if fraction < 0.7:
        return _CONTEXTS[pick(rng, classes) - 1]
    return pick(rng, _CONTEXTS) if fraction < 0.82 else None


def _draw_objects(
    rng: np.random.Generator, classes: Sequence[int], size: tuple[int, int]
) -> list[Thing]:
    """Draws an object for each class; most touch the one before."""
    things: list[Thing] = []
    hue = rng.random()
    for class_index in classes:
        things.append(
            Thing(
                sprite=_draw_body(
                    rng,
                    emblem=sprites.class_emblem(rng, _EMBLEMS[class_index - 1]),
                    hue=hue,
                    length_px=_draw_length(rng, len(classes), size),
                ),
                class_index=class_index,
                touches=bool(things) and rng.random() < 0.8,
                visible=0.6 if rng.random() < 0.3 else 1.0,
            )
        )
        hue = (hue + between(rng, 0.2, 0.46)) % 1
    return things


def _draw_distractor(
    rng: np.random.Generator, num_objects: int, size: tuple[int, int]
) -> Thing:
    """Draws a body like any other, without an emblem or with a plain one."""
    emblem = sprites.plain_emblem(rng) if rng.random() < 0.5 else None
    length = min(_draw_length(rng, 1 + num_objects, size), 0.5 * size[0])
    return Thing(
        sprite=_draw_body(
            rng, emblem=emblem, hue=rng.random(), length_px=length
        ),
        class_index=0,
        touches=rng.random() < 0.1,
        visible=0.6,
    )


def _draw_classless_thing(
    rng: np.random.Generator, count: int, size: tuple[int, int]
) -> Thing:
    """Draws a thing with an outline and an emblem that no object has."""
    length = between(rng, 0.45, 0.85 if count == 1 else 0.6) * min(size)
    sprite = sprites.sprite(
        rng,
        outline=pick(rng, list(shapes.OTHER_OUTLINES.values())),
        emblem=sprites.other_emblem(rng) if rng.random() < 0.75 else None,
        length_px=length,
        width_px=length * between(rng, 0.65, 0.95),
        hue=rng.random(),
    )
    return Thing(sprite=sprite, class_index=0, touches=False, visible=0.9)


def _draw_body(
    rng: np.random.Generator,
    *,
    emblem: sprites.Emblem | None,
    hue: float,
    length_px: float,
) -> sprites.Sprite:
    return sprites.sprite(
        rng,
        outline=pick(rng, list(shapes.BODIES.values())),
        emblem=emblem,
        length_px=length_px,
        width_px=length_px * between(rng, 0.55, 0.8),
        hue=hue,
    )


def _draw_length(
    rng: np.random.Generator, num_things: int, size: tuple[int, int]
) -> float:
    """Draws the length of a body in pixels; more things are smaller."""
    largest = min(size) * (0.78, 0.66, 0.52)[min(num_things, 3) - 1]
    smallest = 0.36 * min(size)
    return between(rng, smallest, largest)
