"""Writers of data sets, in the layouts of VOC and MSRA that are read here.

Source: the PASCAL VOC 2012 development kit; Liu et al., "Learning to Detect a
Salient Object", CVPR 2007, for the boxes of several annotators.
"""

import io
import pathlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import tqdm
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema, synthetic, voc_annotations
from guided_segmentation.datasets.scenes import composition, masks

Path = artifacts.Path

# In a folder with this file, write_synthetic replaces the data sets.
_SETTINGS_FILE = "synthetic.json"


def write_synthetic(
    output_dir: artifacts.Path,
    *,
    num_images: Mapping[str, int] = synthetic.NUM_IMAGES,
    num_saliency_images: int = synthetic.NUM_SALIENCY_IMAGES,
    seed: int = 0,
    size: tuple[int, int] = synthetic.SIZE,
) -> None:
    """Writes the scenes in VOC's layout and the saliency set in MSRA's.

    Each folder appears when it is complete. The same arguments give the same
    bytes.

    Args:
      output_dir: Receives VOCdevkit/VOC2012, msra_style and synthetic.json,
        which records the arguments. Data of an earlier call are replaced.
      num_images: Number of scenes of each split.
      num_saliency_images: Number of images of the saliency set.
      seed: Determines the images.
      size: Height and width of the images in pixels.

    Raises:
      FileExistsError: If one of the folders exists and was not written by
        this function.
      ValueError: If there is no such split, or the size or a number is too
        small.
    """
    root = pathlib.Path(output_dir)
    sources = [
        synthetic.source(split, num_images=count, seed=seed, size=size)
        for split, count in num_images.items()
    ]
    saliency = synthetic.saliency_source(
        num_images=num_saliency_images, seed=seed, size=size
    )
    _refuse_other_data(root)
    settings = {
        "dataset": "synthetic",
        "seed": seed,
        "size": list(size),
        "num_images": {**num_images, "saliency": num_saliency_images},
    }
    artifacts.write_json(root / _SETTINGS_FILE, settings)
    with artifacts.replacing_folder(root / "VOCdevkit") as folder:
        for split in sources:
            _write_split(folder / "VOC2012", split, seed, size)
        names = "".join(f"{name}\n" for name in synthetic.LABEL_SET.objects)
        path = folder / "VOC2012" / "class_names.txt"
        artifacts.write_bytes(path, names.encode())
    with artifacts.replacing_folder(root / "msra_style") as folder:
        _write_saliency_set(folder, saliency, seed, size)


def write_photograph(path: Path, image: np.ndarray) -> None:
    """Writes [height, width, 3] uint8 RGB as a JPEG of quality 95."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    artifacts.write_bytes(path, buffer.getvalue())


def write_voc_example(
    root: pathlib.Path,
    image_id: str,
    image: np.ndarray,
    label_map: np.ndarray,
    annotations: Sequence[voc_annotations.Annotation],
) -> None:
    """Writes photograph, label map and annotations of one image.

    Args:
      root: The VOC2012 folder.
      image_id: Id of the image.
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices and IGNORE.
      annotations: The objects in the image.
    """
    write_photograph(root / "JPEGImages" / f"{image_id}.jpg", image)
    artifacts.write_label_map(
        root / "SegmentationClassAug" / f"{image_id}.png", label_map
    )
    artifacts.write_bytes(
        root / "Annotations" / f"{image_id}.xml",
        voc_annotations.to_xml(image_id, image.shape, annotations),
    )


def write_voc_lists(
    root: pathlib.Path,
    split: str,
    objects_by_id: Mapping[str, Collection[str]],
    objects: Sequence[str],
) -> None:
    """Writes the lists of a split: one for segmentation and one per class.

    Args:
      root: The VOC2012 folder.
      split: Name of the split.
      objects_by_id: Names of the objects in each image.
      objects: Names of all objects of the label set.
    """
    sets = root / "ImageSets"
    ids = "".join(f"{image_id}\n" for image_id in objects_by_id)
    artifacts.write_bytes(sets / f"Segmentation/{split}.txt", ids.encode())
    for name in objects:
        lines = [
            f"{image_id} {1 if name in found else -1:2d}\n"
            for image_id, found in objects_by_id.items()
        ]
        path = sets / f"Main/{name}_{split}.txt"
        artifacts.write_bytes(path, "".join(lines).encode())


def msra_list(entries: Sequence[tuple[str, Sequence[int], np.ndarray]]) -> str:
    """Returns the content of a file of MSRA's UserData.

    Args:
      entries: For each image its id, its shape and its [annotators, 4] int32
        boxes (row_min, column_min, row_max, column_max), half-open.

    Returns:
      The text: the number of images and a blank line; then for each image its
      path with a backslash, width and height, "left top right bottom; " for
      each annotator, and a blank line. Lines end with CRLF.
    """
    lines = [str(len(entries)), ""]
    for image_id, (height, width, *_), boxes in entries:
        box_texts = [
            f"{left} {top} {right} {bottom}; "
            for top, left, bottom, right in boxes.tolist()
        ]
        lines += [f"0\\{image_id}.jpg", f"{width} {height}"]
        lines += ["".join(box_texts), ""]
    return "".join(f"{line}\r\n" for line in lines)


def _refuse_other_data(root: pathlib.Path) -> None:
    """Raises FileExistsError if `root` holds data of another origin."""
    if (root / _SETTINGS_FILE).is_file():
        return
    for name in ("VOCdevkit", "msra_style"):
        if (root / name).exists():
            raise FileExistsError(
                f"{root / name} exists, but was not written by "
                f"prepare_dataset --dataset=synthetic (no {_SETTINGS_FILE} "
                f"beside it); choose another output folder"
            )


def _write_split(
    root: pathlib.Path, split: schema.Source, seed: int, size: tuple[int, int]
) -> None:
    name = split.name.rpartition("/")[2]
    found = {}
    for image_id in _progress(split.image_ids, name):
        drawn = synthetic.scene(
            name, synthetic.index_of(image_id), seed=seed, size=size
        )
        annotations = _annotations(drawn)
        found[image_id] = {annotation.name for annotation in annotations}
        write_voc_example(
            root, image_id, drawn.image, drawn.label_map, annotations
        )
    write_voc_lists(root, name, found, synthetic.LABEL_SET.objects)


def _annotations(drawn: composition.Scene) -> list[voc_annotations.Annotation]:
    annotations = []
    for number, class_index in enumerate(drawn.classes, start=1):
        if class_index != labels.BACKGROUND:
            box = masks.tight_box(drawn.instances == number)
            ends = box[0], box[1], *np.subtract(drawn.instances.shape, box[2:])
            annotations.append(
                voc_annotations.Annotation(
                    name=synthetic.LABEL_SET.classes[class_index],
                    box=box,
                    truncated=min(ends) == 0,
                )
            )
    return annotations


def _write_saliency_set(
    root: pathlib.Path,
    saliency: schema.Source,
    seed: int,
    size: tuple[int, int],
) -> None:
    entries = []
    for image_id in _progress(saliency.image_ids, "saliency"):
        index = synthetic.index_of(image_id)
        drawn = synthetic.saliency_scene(index, seed=seed, size=size)
        boxes = synthetic.annotators_boxes(
            drawn.saliency_mask, index, seed=seed
        )
        write_photograph(root / f"Image/0/{image_id}.jpg", drawn.image)
        artifacts.write_saliency_map(
            root / f"masks/{image_id}.png", drawn.saliency_mask.astype(float)
        )
        entries.append((image_id, drawn.image.shape, boxes))
    text = msra_list(entries)
    artifacts.write_bytes(root / "UserData" / "0_data.txt", text.encode())


def _progress(image_ids: Sequence[str], what: str) -> Iterable[str]:
    return tqdm.tqdm(image_ids, desc=what, unit="image", disable=None)
