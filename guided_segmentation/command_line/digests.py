"""Digests of what the flags name, to record with the results.

Each function returns a digest by image id, for provenance.record_or_check_maps
and provenance.combined.
"""

import pathlib

from guided_segmentation import artifacts, guides, provenance
from guided_segmentation.command_line import data_flags, guide_flags
from guided_segmentation.datasets import pascal_voc, schema, voc_files


def photographs(source: schema.Source) -> dict[str, str]:
    """Digests the photographs, as provenance.sampled_digest does."""
    return source.photograph_digests()


def image_labels(source: schema.Source) -> dict[str, str]:
    """Digests the image-level labels; those of masks by the masks."""
    is_drawn = data_flags.DATASET.value == "synthetic"
    if is_drawn or source.image_labels is None or source.label_set is None:
        return dict.fromkeys(source.image_ids, source.digest)
    if data_flags.IMAGE_LABELS.value == "masks":
        return truth(source)
    objects = source.label_set.objects
    return {
        image_id: provenance.digest(
            [
                (index, objects[index])
                for index in source.image_labels(image_id).nonzero()[0].tolist()
            ]
        )
        for image_id in source.image_ids
    }


def truth(source: schema.Source) -> dict[str, str]:
    """Digests the true label maps."""
    if data_flags.DATASET.value == "folder" and source.label_map_file:
        all_files = {i: source.label_map_file(i) for i in source.image_ids}
        files = {i: file for i, file in all_files.items() if file}
        found = artifacts.map_files(provenance.file_digest, files.values())
        known = dict(zip(files, found, strict=True))
        return {**dict.fromkeys(all_files, ""), **known}
    if data_flags.DATASET.value != "pascal_voc":
        return dict.fromkeys(source.image_ids, source.digest)
    root = pascal_voc.find_root(_data_dir())
    folders = [
        provenance.file_digests(source.image_ids, root / name)
        for name in voc_files.LABEL_MAP_DIRS
    ]
    return {
        image_id: " ".join(filter(None, (each[image_id] for each in folders)))
        for image_id in source.image_ids
    }


def boxes(source: schema.Source) -> dict[str, str]:
    """Digests the annotators' boxes."""
    if data_flags.DATASET.value == "synthetic" or source.boxes is None:
        return dict.fromkeys(source.image_ids, source.digest)
    return {
        image_id: provenance.digest(source.boxes(image_id).tolist())
        for image_id in source.image_ids
    }


def of_guide(guide: str, source: schema.Source) -> provenance.Inputs:
    """Digests what a guide is made from: the evidence that it needs."""
    needed = guides.REQUIRES[guide]
    found = {"photographs": photographs(source)}
    if guide != "full":
        found["image labels"] = image_labels(source)
    if "truth" in needed:
        found["true label maps"] = truth(source)
    folders = {
        "seeds": guide_flags.SEEDS_DIR,
        "saliency_mask": data_flags.SALIENCY_DIR,
    }
    for part, flag in folders.items():
        if part in needed and flag.value is not None:
            name = part.replace("saliency_mask", "saliency maps")
            found[name] = provenance.file_digests(source.image_ids, flag.value)
    return found


def _data_dir() -> pathlib.Path:
    return artifacts.to_path(data_flags.DATA_DIR.value or ".")
