"""Guides by image id: from the folders of seeds and saliency maps.

The guide labeller of figure 2: `labeller` reads the evidence of an image from
the folders that earlier stages wrote, and calls one of `guides.GUIDES`.
Guides are made during training and kept by `cached`, or ahead of it by
`make_guides`.

Source: Oh et al., CVPR 2017, section 3 and figure 2.
"""

import functools
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf, guides, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError
from guided_segmentation.saliency import detector

# From an image id to the image's [height, width] uint8 label map.
Labeller = Callable[[str], np.ndarray]

_REMEDIES = {
    "image_labels": "choose a data set with image-level labels, or give them "
    "by --image_labels",
    "seeds": "name their folder by --seeds_dir (bin/make_seeds writes it)",
    "saliency_mask": "name the folder of saliency maps by --saliency_dir "
    "(bin/make_saliency writes it)",
    "classifier": "name its folder by --classifier_dir (bin/train_seeder "
    "--seeder=vgg16 writes it)",
    "truth": "choose a data set with true label maps",
}


def labeller(
    guide: str,
    source: schema.Source,
    *,
    seeds_dir: artifacts.Path | None = None,
    saliency_dir: artifacts.Path | None = None,
    classifier: guides.Classifier | None = None,
    settings: guides.GuideSettings = guides.PAPER,
) -> Labeller:
    """Makes the function from an image id to the image's guide.

    Args:
      guide: Key of guides.GUIDES.
      source: Reads images and, where the guide needs them, image labels and
        truth.
      seeds_dir: Folder of seeds, for guides that need them.
      saliency_dir: Folder of saliency maps, for guides that need them.
      classifier: What networks.region_logits.classifier returns, for G1.
      settings: Of the guide.

    Returns:
      A function from image id to [height, width] uint8 label map. It raises
      FileNotFoundError if a file is missing, and ValueError if one does not
      fit the image or the label set; both name the image or the file.

    Raises:
      ValueError: If the guide needs a folder or a classifier that is not
        given, or image labels or truth that the source does not have.
    """
    readers = _readers(source, seeds_dir, saliency_dir, classifier)
    needed = {name: readers.get(name) for name in guides.REQUIRES[guide]}
    for name, reader in needed.items():
        if reader is None:
            raise InputError(f"guide {guide} needs {name}: {_REMEDIES[name]}")

    def label(image_id: str) -> np.ndarray:
        evidence = guides.Evidence(
            image_id=image_id,
            image=source.image(image_id),
            **{name: reader(image_id) for name, reader in needed.items()},
        )
        return guides.GUIDES[guide](evidence, settings)

    return label


def cached(
    label: Labeller,
    cache_dir: artifacts.Path | None = None,
    *,
    source: schema.Source | None = None,
) -> Labeller:
    """Makes each guide once and keeps it as a PNG, in memory or in a folder.

    Args:
      label: From image id to label map.
      cache_dir: Folder for <image_id>.png, shared with bin/make_guides; None
        keeps the PNGs in memory, a few kilobytes each.
      source: If given, the first time that a guide is read from the folder it
        is checked against the size of its image and the label set.

    Returns:
      The same function with a cache. It raises ValueError, naming the file,
      if a guide in the folder fails the check.
    """
    if cache_dir is None:
        return _cached_in_memory(label)
    return _cached_in_folder(label, artifacts.to_path(cache_dir), source)


def make_guides(
    label: Labeller, source: schema.Source, output_dir: artifacts.Path
) -> None:
    """Writes the guide of every image of `source` that has none yet.

    Args:
      label: What `labeller` returns.
      source: Names the images.
      output_dir: Folder for <image_id>.png.
    """
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    num_threads = max(2, crf.num_workers() + 1)
    made = pipeline.in_order(missing, {"label_map": label}, num_threads)
    for example in tqdm.tqdm(made, "guides", len(missing), unit="image"):
        path = artifacts.to_path(output_dir, f"{example['image_id']}.png")
        artifacts.write_label_map(path, example["label_map"])


def _readers(source, seeds_dir, saliency_dir, classifier):
    """By part of the evidence, the function from image id that reads it."""
    readers = {"image_labels": source.image_labels, "truth": source.label_map}
    if seeds_dir is not None:
        readers["seeds"] = functools.partial(
            _read_seeds, seeds_dir, source.label_set
        )
    if saliency_dir is not None:
        readers["saliency_mask"] = functools.partial(
            _read_saliency_mask, saliency_dir
        )
    if classifier is not None:
        readers["classifier"] = lambda _: classifier
    return readers


def _read_seeds(seeds_dir, label_set, image_id):
    path = artifacts.to_path(seeds_dir, f"{image_id}.png")
    if not path.exists():
        raise FileNotFoundError(
            f"no seeds for image {image_id!r} in {seeds_dir}; run "
            f"bin/make_seeds first"
        )
    seeds = artifacts.read_label_map(path)
    return labels.check(seeds, label_set.num_classes, str(path))


def _read_saliency_mask(saliency_dir, image_id):
    path = artifacts.to_path(saliency_dir, f"{image_id}.png")
    if not path.exists():
        raise FileNotFoundError(
            f"no saliency map for image {image_id!r} in {saliency_dir}; "
            f"run bin/make_saliency first"
        )
    return detector.saliency_mask(artifacts.read_saliency_map(path))


def _cached_in_memory(label):
    pngs: dict[str, bytes] = {}

    def label_once(image_id):
        if image_id not in pngs:
            pngs[image_id] = artifacts.encode_label_map(label(image_id))
        return artifacts.decode_label_map(pngs[image_id])

    return label_once


def _cached_in_folder(label, cache_dir, source):
    unchecked = set(source.image_ids if source else ())

    def label_once(image_id):
        path = cache_dir / f"{image_id}.png"
        if not path.exists():
            artifacts.write_label_map(path, label(image_id))
        guide = artifacts.read_label_map(path)
        if image_id in unchecked:
            _check_guide(guide, path, source, image_id)
            unchecked.discard(image_id)
        return guide

    return label_once


def _size(source, image_id):
    """Height and width of an image, from the header of its file."""
    if source.photograph is None:
        return source.image(image_id).shape[:2]
    return artifacts.read_size(source.photograph(image_id))


def _check_guide(guide, path, source, image_id):
    size = _size(source, image_id)
    if guide.shape != size:
        raise InputError(
            f"{path}: wanted a guide of height and width {size}, the size of "
            f"image {image_id!r}, found {guide.shape}; delete it to have it "
            f"made again"
        )
    labels.check(guide, source.label_set.num_classes, str(path))
