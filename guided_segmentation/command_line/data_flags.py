"""Flags that name the data. Only binaries import this module."""

import sys

from absl import flags

from guided_segmentation import artifacts
from guided_segmentation.datasets import (
    folder,
    inspection,
    msra,
    pascal_voc,
    schema,
    synthetic,
)
from guided_segmentation.datasets.image_labels import joining, kinds
from guided_segmentation.errors import InputError

DATASET = flags.DEFINE_enum(
    "dataset",
    "synthetic",
    ["folder", "msra", "pascal_voc", "synthetic"],
    "Data set to read. synthetic draws scenes and needs no --data_dir.",
)
DATA_DIR = flags.DEFINE_string(
    "data_dir",
    None,
    "Folder of the data: it contains VOCdevkit or JPEGImages (pascal_voc), "
    "Image and UserData (msra), or photographs, also in sub-folders (folder).",
)
SPLIT = flags.DEFINE_string(
    "split",
    "train",
    "Name of a list in ImageSets/Segmentation, or path of a list of image ids "
    "(pascal_voc); train, val or test (synthetic).",
)
IMAGE_LABELS = flags.DEFINE_string(
    "image_labels",
    "masks",
    f"Where image-level labels come from: {kinds.descriptions()}; masks (the "
    f"classes of the label maps); xml (VOC's Annotations; pascal_voc).",
)
UNTAGGED = flags.DEFINE_enum(
    "untagged",
    "skip",
    joining.UNTAGGED,
    "Photographs without image-level labels are left out (skip), examples "
    "without objects (background), or an error (folder).",
)
TRUTH_DIR = flags.DEFINE_string(
    "truth_dir",
    None,
    "Folder of true masks, named like the photographs: class indices; 0 and "
    "255 for a single class; or the colours of CVAT's labelmap.txt or values "
    "of Roboflow's _classes.csv beside them (folder).",
)
ONLY_IDS = flags.DEFINE_string(
    "only_ids",
    None,
    "File of the image ids to use; others are left out (msra).",
)
EXCLUDE_IDS = flags.DEFINE_string(
    "exclude_ids", None, "File of image ids to leave out (msra)."
)
NUM_IMAGES = flags.DEFINE_integer(
    "num_images", None, "Number of images to draw (synthetic).", lower_bound=1
)
DATA_SEED = flags.DEFINE_integer(
    "data_seed", 0, "Seed of the random scenes (synthetic)."
)
SALIENCY_DIR = flags.DEFINE_string(
    "saliency_dir",
    None,
    "Folder of saliency maps: 8-bit PNGs, such as bin/make_saliency writes; "
    "salient is what reaches half of a map's own maximum.",
)
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels",
    artifacts.MAX_PIXELS,
    "Height times width of the largest photograph to read. Reading one takes "
    "3 bytes of memory a pixel, a network far more.",
    lower_bound=1,
)


def given(split: str | None = None) -> list[str]:
    """Returns the flags of the data that were given, for another command.

    Args:
      split: Value of --split in that command; None for its default.
    """
    texts = (DATASET, DATA_DIR, IMAGE_LABELS, UNTAGGED, TRUTH_DIR)
    others = (NUM_IMAGES, DATA_SEED, ONLY_IDS, EXCLUDE_IDS)
    holders = (*texts, *others)
    told = [f"--{each.name}={each.value}" for each in holders if each.present]
    return told if split is None else [*told, f"--split={split}"]


def source(
    only_photographs: bool = False,
    split: str | None = None,
    *,
    check_photographs: bool = True,
) -> schema.Source:
    """Opens the data set that the flags name, checks it and says what it is.

    One line on stderr counts images, classes and what is passed over.

    Args:
      only_photographs: Whether image-level labels are not needed.
      split: Replaces --split.
      check_photographs: Whether an unreadable photograph is an error. If not,
        the caller passes over it.

    Raises:
      ValueError: If a flag that the data set needs is missing, or files are
        unreadable.
    """
    artifacts.limit_pixels(MAX_PIXELS.value)
    opened = _open(only_photographs, split or SPLIT.value)
    if check_photographs:
        inspection.check_files(opened, label_maps=not only_photographs)
    counts = None
    if not only_photographs:
        inspection.check_label_maps(opened)
        counts = inspection.class_counts(opened)
    lines = [inspection.summary(opened, counts)]
    lines += inspection.warnings(counts or {}, len(opened.image_ids))
    print("\n".join(lines), file=sys.stderr)
    return opened


def reopened(only_photographs: bool = False) -> schema.Source:
    """Opens the data set that another process has opened and checked.

    Args:
      only_photographs: As of `source`.
    """
    artifacts.limit_pixels(MAX_PIXELS.value)
    return _open(only_photographs, SPLIT.value)


def saliency_source() -> schema.Source:
    """Opens the photographs and boxes that the flags name, as `source` does.

    Raises:
      ValueError: If the data set has no boxes, or files are unreadable.
    """
    artifacts.limit_pixels(MAX_PIXELS.value)
    opened = _open_boxes()
    inspection.check_files(opened)
    print(inspection.summary(opened, None), file=sys.stderr)
    return opened


def require_outside(output_dir: artifacts.Path | None) -> None:
    """Checks that maps are not written among the photographs.

    A photograph of the same name would pass for a map that is done, or a map
    for a photograph.

    Args:
      output_dir: Where maps go, or None.

    Raises:
      ValueError: If it is the folder of the photographs, or one in it that
        is searched for photographs.
    """
    if output_dir is None or DATA_DIR.value is None:
        return
    if DATASET.value == "folder":
        photographs = artifacts.to_path(DATA_DIR.value).resolve()
    elif DATASET.value == "pascal_voc":
        root = pascal_voc.find_root(DATA_DIR.value)
        photographs = (root / "JPEGImages").resolve()
    else:
        return
    inside = artifacts.name_below(output_dir, photographs)
    if inside == "." or (DATASET.value == "folder" and inside is not None):
        raise InputError(
            f"{output_dir}: wanted a folder for the output alone, found that "
            f"of the photographs; choose another, such as {photographs}_maps"
        )


def left_out() -> list[str]:
    """Returns folders that are not searched for photographs."""
    return [SALIENCY_DIR.value] if SALIENCY_DIR.value is not None else []


def require_data_dir() -> str:
    """Returns --data_dir.

    Raises:
      ValueError: If it is not given.
    """
    if DATA_DIR.value is None:
        raise InputError(f"--dataset={DATASET.value} needs --data_dir")
    if DATASET.value == "msra" and artifacts.is_url(DATA_DIR.value):
        raise InputError(
            f"--data_dir: wanted a local folder for --dataset=msra, found "
            f"{DATA_DIR.value}; copy it first"
        )
    return DATA_DIR.value


def _open(only_photographs: bool, split: str) -> schema.Source:
    if DATASET.value == "synthetic":
        return synthetic.source(
            split, num_images=NUM_IMAGES.value, seed=DATA_SEED.value
        )
    if DATASET.value == "pascal_voc":
        return pascal_voc.source(
            require_data_dir(), split, image_labels=IMAGE_LABELS.value
        )
    if DATASET.value == "folder":
        return _open_folder(only_photographs)
    if only_photographs:
        return _open_boxes()
    raise InputError(
        "--dataset=msra has boxes, not image labels; bin/train_saliency, "
        "bin/make_saliency and bin/evaluate_saliency read it"
    )


def _open_folder(only_photographs: bool) -> schema.Source:
    """Opens photographs, with image-level labels if they are needed."""
    image_labels: str | None = IMAGE_LABELS.value
    has_labels = image_labels != folder.MASKS or TRUTH_DIR.value is not None
    if not has_labels and not only_photographs:
        raise InputError(
            f"--dataset=folder wants --image_labels, one of "
            f"{', '.join(kinds.forms())}; or --truth_dir"
        )
    if only_photographs and image_labels == folder.MASKS:
        image_labels = None
    return folder.source(
        require_data_dir(),
        image_labels,
        untagged=None if only_photographs else UNTAGGED.value,
        truth_dir=TRUTH_DIR.value,
        without=left_out(),
    )


def _open_boxes() -> schema.Source:
    if DATASET.value == "synthetic":
        return synthetic.saliency_source(
            num_images=NUM_IMAGES.value, seed=DATA_SEED.value
        )
    if DATASET.value == "msra":
        return msra.source(
            require_data_dir(),
            exclude_ids=EXCLUDE_IDS.value,
            only_ids=ONLY_IDS.value,
        )
    raise InputError(
        f"--dataset={DATASET.value} has no boxes; the saliency net learns "
        f"from msra or synthetic"
    )
