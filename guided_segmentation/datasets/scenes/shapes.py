"""Outlines, emblems and contexts of scenes, as formulas.

A pattern takes two arrays of coordinates and returns an array of the shape to
which they broadcast: bool for outlines and emblems, float in [0, 1] for
contexts. It computes with additions, multiplications and comparisons only,
whose results IEEE 754 defines, so every machine draws the same bytes.
"""

from collections.abc import Callable

import numpy as np

Pattern = Callable[[np.ndarray, np.ndarray], np.ndarray]
Colour = tuple[float, float, float]  # Red, green, blue in [0, 1].

# Cosine and sine of 90, 162, 234, 306 and 378 degrees: a star's five sides.
_STAR_NORMALS = (
    (0.0, 1.0),
    (-0.951, 0.309),
    (-0.588, -0.809),
    (0.588, -0.809),
    (0.951, 0.309),
)

# Outlines: True inside; u runs along the body and v across, both -1 to 1.


def _ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u * u + v * v < 1


def _pillow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u * u * u * u + v * v * v * v < 0.85


def _capsule(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    beyond = np.maximum(np.abs(u) - 0.5, 0) * 2
    return beyond * beyond + v * v < 0.95


def _egg(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    wider = v * (1 + 0.35 * u)
    return u * u + wider * wider < 0.95


def _peanut(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return v * v < (1 - u * u) * (0.6 + 0.8 * u * u)


def _bean(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    bent = v + 0.35 - 0.75 * u * u
    return u * u + bent * bent < 0.9


BODIES: dict[str, Pattern] = {
    "ellipse": _ellipse,
    "pillow": _pillow,
    "capsule": _capsule,
    "egg": _egg,
    "peanut": _peanut,
    "bean": _bean,
}


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (np.abs(v) < 0.55 * (1 - u)) & (u > -0.85)


def _diamond(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.abs(u) + np.abs(v) < 1


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    sides = [u * x + v * y < 0.31 for x, y in _STAR_NORMALS]
    return np.count_nonzero(sides, axis=0) >= 4


def _crescent(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    bite = u * u + (v - 0.6) * (v - 0.6)
    return (u * u + v * v < 1) & (bite > 0.4)


def _ring(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    distance = u * u + v * v
    return (distance < 1) & (distance > 0.16)


def _plus(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    u, v = np.abs(u), np.abs(v)
    return (np.minimum(u, v) < 0.38) & (np.maximum(u, v) < 0.95)


def _hexagon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    slanted = 0.866 * np.abs(v) + 0.5 * np.abs(u)
    return np.maximum(slanted, np.abs(u)) < 0.9


def _boot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    inside = np.maximum(np.abs(u), np.abs(v)) < 0.9
    return inside & ((u < -0.15) | (v > 0.1))


OTHER_OUTLINES: dict[str, Pattern] = {
    "triangle": _triangle,
    "diamond": _diamond,
    "star": _star,
    "crescent": _crescent,
    "ring": _ring,
    "plus": _plus,
    "hexagon": _hexagon,
    "boot": _boot,
}


# Emblems: True where the second colour is; p and q are -1 to 1 in the disc.


def _stripes(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.floor(q * 1.6 + 0.5) % 2 > 0


def _dots(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    beside = np.abs(np.abs(p) - 0.45), np.abs(np.abs(q) - 0.45)
    return beside[0] * beside[0] + beside[1] * beside[1] < 0.125


def _cross(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    p, q = np.abs(p), np.abs(q)
    return (np.minimum(p, q) < 0.26) & (np.maximum(p, q) < 0.85)


def _rings(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    distance = p * p + q * q
    return (distance < 0.12) | (distance > 0.45)


def _checks(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return (np.floor(p * 1.25 + 0.5) + np.floor(q * 1.25 + 0.5)) % 2 > 0


def _sectors(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return (p > 0) ^ (p + 1.732 * q > 0) ^ (p - 1.732 * q > 0)


# A saturated colour for each class, and black, which neither bodies nor
# backgrounds have: small networks without pretrained weights learn them within
# minutes.
_BLACK = (0.05, 0.05, 0.05)
EMBLEMS: dict[str, tuple[Pattern, Colour, Colour]] = {
    "stripes": (_stripes, (1.0, 0.9, 0.0), _BLACK),
    "dots": (_dots, (1.0, 0.1, 0.1), _BLACK),
    "cross": (_cross, (0.95, 0.95, 0.95), _BLACK),
    "rings": (_rings, (0.1, 0.3, 1.0), _BLACK),
    "checks": (_checks, (1.0, 0.1, 1.0), _BLACK),
    "sectors": (_sectors, (0.0, 1.0, 1.0), _BLACK),
}


def plain(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Returns False everywhere: the emblem of one colour.

    Args:
      p: [height, 1] or [height, width] float64 coordinate.
      q: [1, width] or [height, width] float64 coordinate.

    Returns:
      [height, width] bool.
    """
    return np.zeros(np.broadcast_shapes(p.shape, q.shape), bool)


def _halves(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return q > 0


def _wedge(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.abs(q) < 0.45 * (p + 0.7)


def _bar(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.abs(p) < 0.33


def _frame(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    edge = np.maximum(np.abs(p), np.abs(q))
    return (edge > 0.3) & (edge < 0.62)


OTHER_EMBLEMS: dict[str, Pattern] = {
    "halves": _halves,
    "wedge": _wedge,
    "bar": _bar,
    "frame": _frame,
}


# Contexts: [0, 1] from the first colour to the second; x and y in pixels.


def _wave(x: np.ndarray) -> np.ndarray:
    """A triangle wave between 0 and 1 with period 1."""
    return np.abs(x % 1 * 2 - 1)


def _rails(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum((y % 13 < 3) * 1.0, (x % 9 < 3) * 0.6)


def _waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _wave((y + 5 * _wave(x / 16)) / 8)


def _grass(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (_wave(x / 5 + 0.7 * _wave(y / 11)) < 0.5) * 1.0


def _bricks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    shifted = x + 8 * (np.floor(y / 7) % 2)
    return ((y % 7 < 1.5) | (shifted % 16 < 1.5)) * 1.0


def _pebbles(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    shifted = x + 4.5 * (np.floor(y / 9) % 2)
    dx, dy = shifted % 9 - 4.5, y % 9 - 4.5
    return (dx * dx + dy * dy < 11) * 1.0


def _road(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ((y % 18 > 8) & (y % 18 < 12) & (x % 22 < 13)) * 1.0


CONTEXTS: dict[str, tuple[Pattern, Colour, Colour]] = {
    "rails": (_rails, (0.55, 0.5, 0.44), (0.25, 0.22, 0.2)),
    "waves": (_waves, (0.4, 0.5, 0.58), (0.6, 0.68, 0.72)),
    "grass": (_grass, (0.34, 0.42, 0.3), (0.46, 0.54, 0.36)),
    "bricks": (_bricks, (0.55, 0.42, 0.38), (0.72, 0.68, 0.64)),
    "pebbles": (_pebbles, (0.38, 0.38, 0.42), (0.62, 0.6, 0.6)),
    "road": (_road, (0.36, 0.36, 0.35), (0.78, 0.77, 0.7)),
}
