"""Guides by name of image: on the fly in a pipeline, or ahead into a folder.

This is where the two witnesses meet: seeds and saliency maps are read from
the folders that their stages wrote, and fused by a guide labeller.

Source: Oh et al., CVPR 2017, section 3 and figure 2.
"""

import pathlib
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, guides, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.saliency import detector

Labeller = Callable[[str], np.ndarray]


def labeller(
    guide: str,
    source: schema.Source,
    *,
    seeds_dir: artifacts.Path | None = None,
    saliency_dir: artifacts.Path | None = None,
    classifier: guides.Classifier | None = None,
    settings: guides.GuideSettings = guides.PAPER,
) -> Labeller:
    """Makes the function from an image's name to its guide.

    Args:
      guide: Key of guides.GUIDES.
      source: Photographs, image labels and, where the guide needs it, truth.
      seeds_dir: Folder of seeds, for the guides that need them.
      saliency_dir: Folder of saliency maps, likewise.
      classifier: What networks.region_logits.classifier returns, likewise.
      settings: Of the guide.

    Returns:
      A function from image id to [height, width] uint8 label map. It raises
      ValueError or FileNotFoundError, naming the image, where evidence is
      missing or does not fit.

    Raises:
      ValueError: If the guide needs a folder or a classifier that is not
        given, or truth that the source does not have.
    """
    readers = {
        "seeds": _seeds_reader(seeds_dir, source),
        "saliency_mask": _mask_reader(saliency_dir),
        "classifier": classifier and (lambda _: classifier),
        "truth": source.label_map,
    }
    needed = {name: readers[name] for name in guides.REQUIRES[guide]}
    for name, reader in needed.items():
        if reader is None:
            raise ValueError(f"guide {guide} needs {name}: {_WANTED[name]}")

    def label(image_id: str) -> np.ndarray:
        evidence = guides.Evidence(
            image_id=image_id,
            image=source.image(image_id),
            image_labels=source.image_labels(image_id),
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
    """Makes each guide once: later epochs read it back.

    Guides are kept as PNGs, a few kilobytes each, so that memory stays flat.

    Args:
      label: From image id to label map.
      cache_dir: Folder of guides, shared with bin/make_guides; None keeps
        them in memory.
      source: Photographs and classes that a guide found in the folder must
        fit, if that is to be checked.

    Returns:
      The same function, remembering. It raises ValueError, naming the file,
      where a guide does not fit.
    """
    memory: dict[str, bytes] = {}
    unchecked = set(source.image_ids if source else ())

    def from_memory(image_id):
        if image_id not in memory:
            memory[image_id] = artifacts.encode_label_map(label(image_id))
        return artifacts.decode_label_map(memory[image_id])

    def from_folder(image_id):
        path = pathlib.Path(cache_dir) / f"{image_id}.png"
        if not path.exists():
            artifacts.write_label_map(path, label(image_id))
        guide = artifacts.read_label_map(path)
        if image_id in unchecked:
            _require_fit(guide, path, source, image_id)
            unchecked.discard(image_id)
        return guide

    return from_memory if cache_dir is None else from_folder


def _require_fit(guide, path, source, image_id):
    size = source.image(image_id).shape[:2]
    if guide.shape != size:
        raise ValueError(
            f"{path}: wanted a guide of height and width {size}, the size of "
            f"image {image_id!r}, found {guide.shape}; delete it to have it "
            f"made again"
        )
    labels.check(guide, source.label_set.num_classes, str(path))


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
    made = pipeline.in_order(missing, {"label_map": label})
    for example in tqdm.tqdm(made, "guides", len(missing), unit="image"):
        path = pathlib.Path(output_dir) / f"{example['image_id']}.png"
        artifacts.write_label_map(path, example["label_map"])


_WANTED = {
    "seeds": "name their folder by --seeds_dir (bin/make_seeds writes it)",
    "saliency_mask": "name the folder of saliency maps by --saliency_dir "
    "(bin/make_saliency writes it)",
    "classifier": "name its folder by --classifier_dir (bin/train_seeder "
    "--seeder=vgg16 writes it)",
    "truth": "choose a data set with true label maps",
}


def _seeds_reader(seeds_dir, source):
    if seeds_dir is None:
        return None

    def read(image_id):
        path = pathlib.Path(seeds_dir) / f"{image_id}.png"
        if not path.exists():
            raise FileNotFoundError(
                f"no seeds for image {image_id!r} in {seeds_dir}; run "
                f"bin/make_seeds first"
            )
        seeds = artifacts.read_label_map(path)
        return labels.check(seeds, source.label_set.num_classes, str(path))

    return read


def _mask_reader(saliency_dir):
    if saliency_dir is None:
        return None

    def read(image_id):
        path = pathlib.Path(saliency_dir) / f"{image_id}.png"
        if not path.exists():
            raise FileNotFoundError(
                f"no saliency map for image {image_id!r} in {saliency_dir}; "
                f"run bin/make_saliency first"
            )
        return detector.saliency_mask(artifacts.read_saliency_map(path))

    return read
