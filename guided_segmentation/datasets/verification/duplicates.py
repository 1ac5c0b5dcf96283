"""Pictures that occur twice, also resized or compressed again.

Two pictures are the same if at most MAX_BITS of 64 bits of their perceptual
hashes differ and their thumbnails correlate by MIN_CORRELATION. On 800
photographs of VOC 2012, at most 6 bits differ after JPEG of quality 30 or
halving the size, and at least 10 between any two different photographs; a
difference hash (dHash) of 64 bits has 12 and 7, and does not separate them.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from guided_segmentation.datasets.image_labels.joining import Tags
from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.datasets.verification.scan import Facts

MAX_BITS = 6
MIN_CORRELATION = 0.95
_BITS = 64


def check(
    found: Sequence[Facts], split_of: Mapping[str, str], tags: Tags | None
) -> Iterator[Finding]:
    """Yields a finding for each pair of photographs of the same picture.

    Args:
      found: Facts of all photographs.
      split_of: Split of each image.
      tags: Image-level labels, which must be the same for such a pair.
    """
    readable = [each for each in found if each.problem is None]
    for first, second, why in pairs(readable):
        ids = first.image_id, second.image_id
        text = f"{ids[0]} and {ids[1]}: {why}"
        splits = [split_of.get(each, "") for each in ids]
        if splits[0] == splits[1]:
            yield Finding("duplicate", text, ids)
        else:
            text += f"; in {splits[0]} and {splits[1]}"
            yield Finding("duplicate_across_splits", text, ids)
        if tags is not None and all(each in tags.names for each in ids):
            named = [", ".join(sorted(tags.names[each])) for each in ids]
            if named[0] != named[1]:
                text = f"{ids[0]} ({named[0]}) and {ids[1]} ({named[1]})"
                yield Finding("contradiction", text, ids)


def pairs(found: Sequence[Facts]) -> Iterator[tuple[Facts, Facts, str]]:
    """Yields pairs of photographs that show the same picture, and why.

    Each photograph is paired with the first one that it equals, so that five
    copies give four pairs.

    Args:
      found: Facts of readable photographs.
    """
    first_of: dict[bytes, int] = {}
    unique = []
    for index, each in enumerate(found):
        if each.digest in first_of:
            yield found[first_of[each.digest]], each, "identical files"
        else:
            first_of[each.digest] = index
            unique.append(each)
    # Pictures of one colour all have the same hash.
    unique = [each for each in unique if not each.is_flat]
    paired = set()
    for i, j, bits in _alike(unique):
        if j not in paired:
            paired.add(j)
            why = f"the same picture ({bits} of {_BITS} bits differ)"
            yield unique[i], unique[j], why


def _alike(found: Sequence[Facts]) -> list[tuple[int, int, int]]:
    """Indices i < j of pictures that look alike, and the bits that differ.

    Of hashes that differ in at most MAX_BITS bits, at least one of MAX_BITS +
    1 parts is equal, so only hashes with an equal part are compared.
    """
    hashes = np.array([each.bits for each in found], np.uint64)
    ends = np.linspace(0, _BITS, MAX_BITS + 2).round().astype(int).tolist()
    alike: dict[tuple[int, int], int] = {}
    for low, high in itertools.pairwise(ends):
        mask = np.uint64((1 << high - low) - 1)
        for group in _groups(hashes >> np.uint64(low) & mask):
            for place, j in enumerate(group):
                differ = _num_bits(hashes[group[:place]] ^ hashes[j])
                for i in np.flatnonzero(differ <= MAX_BITS):
                    alike[int(group[i]), int(j)] = int(differ[i])
    return [
        (i, j, differ)
        for (i, j), differ in sorted(alike.items())
        if _correlation(found[i], found[j]) >= MIN_CORRELATION
    ]


def _groups(values: np.ndarray) -> list[np.ndarray]:
    """Ascending indices of equal values, for each value."""
    order = np.argsort(values, kind="stable")
    changes = np.flatnonzero(np.diff(values[order])) + 1
    return np.split(order, changes)


def _num_bits(values: np.ndarray) -> np.ndarray:
    """Number of bits that are set in each of some uint64."""
    as_bytes = np.ascontiguousarray(values).view(np.uint8).reshape(-1, 8)
    return np.unpackbits(as_bytes, axis=1).sum(1)


def _correlation(first: Facts, second: Facts) -> float:
    """Correlation of the grey levels of two thumbnails, -1 to 1."""
    levels = [
        np.frombuffer(each.thumbnail, np.uint8).astype(float)
        for each in (first, second)
    ]
    centred = [each - each.mean() for each in levels]
    norm = np.linalg.norm(centred[0]) * np.linalg.norm(centred[1])
    return float(centred[0] @ centred[1] / norm) if norm else 0.0
