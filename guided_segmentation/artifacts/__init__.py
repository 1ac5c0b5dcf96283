"""The files that the binaries pass on; only this package knows their formats.

Label maps and seeds are palette PNGs, saliency maps 8-bit PNGs, score maps,
probabilities and areas compressed npz, everything else JSON. Every write is
atomic: a killed process leaves either the complete file or none.

A path is a local one or a URL that fsspec opens, such as s3://bucket/seeds:
`urls` tells them apart, `stores` speaks to fsspec.
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
from guided_segmentation.artifacts.files import missing, read_ends, state
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
from guided_segmentation.artifacts.urls import (
    Path,
    UrlPath,
    absolute,
    is_url,
    local_copy,
    map_files,
    name_below,
    to_path,
)

__all__ = [
    "AREAS",
    "HEIC_ENDINGS",
    "MAX_PIXELS",
    "Header",
    "Path",
    "UrlPath",
    "absolute",
    "decode_label_map",
    "encode_image",
    "encode_label_map",
    "is_url",
    "limit_pixels",
    "local_copy",
    "map_files",
    "missing",
    "name_below",
    "probabilities_writer",
    "read_areas",
    "read_ends",
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
    "state",
    "to_path",
    "use_store",
    "write_areas",
    "write_bytes",
    "write_image",
    "write_json",
    "write_label_map",
    "write_saliency_map",
    "write_score_maps",
]
