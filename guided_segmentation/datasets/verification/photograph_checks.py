"""Checks of single photographs."""

from collections.abc import Iterator

from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.datasets.verification.layouts import Layout
from guided_segmentation.datasets.verification.scan import Facts

MIN_SIDE_PX = 32
MAX_ASPECT = 6.0
_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".jfif"),  # JPEGs of some cameras.
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "HEIF": (".heic", ".heif"),
}


def check(layout: Layout, found: Facts) -> Iterator[Finding]:
    """Yields what is wrong with a photograph."""
    path = layout.photographs[found.image_id]
    ids = (found.image_id,)
    if found.problem is not None or found.header is None:
        yield Finding("unreadable", str(found.problem), ids)
        return
    endings = _ENDINGS.get(found.header.format, ())
    if path.suffix.lower() not in endings:
        text = f"{path}: a {found.header.format} file"
        yield Finding("ending", text, ids)
    if found.is_mask:
        text = f"{path}: few grey levels, mode {found.header.mode}"
        yield Finding("mask_among_photographs", text, ids)
    elif found.is_flat:
        yield Finding("uniform", str(path), ids)
    short, long = sorted(found.size)
    if short < MIN_SIDE_PX or long > MAX_ASPECT * short:
        text = f"{path}: {found.size[1]} x {found.size[0]} pixels"
        yield Finding("size", text, ids)
    if found.header.orientation != 1:
        text = f"{path}: orientation {found.header.orientation}"
        yield Finding("turned", text, ids)
