"""The files that the binaries pass on; only this package knows their formats.

Label maps and seeds are palette PNGs, saliency maps 8-bit PNGs, score maps,
probabilities and areas compressed npz, everything else JSON. Every write is
atomic: a killed process leaves either the complete file or none.
"""

from guided_segmentation.artifacts.arrays import (
    AREAS,
    probabilities_writer,
    read_areas,
    read_probabilities,
    read_score_maps,
    write_areas,
    write_score_maps,
)
from guided_segmentation.artifacts.atomic import (
    Path,
    remove_orphans,
    replacing,
    replacing_folder,
    write_bytes,
)
from guided_segmentation.artifacts.decoded import (
    read_image,
    read_label_map,
    use_store,
)
from guided_segmentation.artifacts.files import missing
from guided_segmentation.artifacts.headers import Header, read_header
from guided_segmentation.artifacts.masks import read_mask
from guided_segmentation.artifacts.pictures import (
    HEIC_ENDINGS,
    MAX_PIXELS,
    decode_label_map,
    encode_image,
    encode_label_map,
    limit_pixels,
    read_saliency_map,
    read_size,
    read_stored_size,
    saliency_levels,
    write_image,
    write_label_map,
    write_saliency_map,
)
from guided_segmentation.artifacts.text import (
    read_json,
    read_text,
    write_json,
)

__all__ = [
    "AREAS",
    "HEIC_ENDINGS",
    "MAX_PIXELS",
    "Header",
    "Path",
    "decode_label_map",
    "encode_image",
    "encode_label_map",
    "limit_pixels",
    "missing",
    "probabilities_writer",
    "read_areas",
    "read_header",
    "read_image",
    "read_json",
    "read_label_map",
    "read_mask",
    "read_probabilities",
    "read_saliency_map",
    "read_score_maps",
    "read_size",
    "read_stored_size",
    "read_text",
    "remove_orphans",
    "replacing",
    "replacing_folder",
    "saliency_levels",
    "use_store",
    "write_areas",
    "write_bytes",
    "write_image",
    "write_json",
    "write_label_map",
    "write_saliency_map",
    "write_score_maps",
]
