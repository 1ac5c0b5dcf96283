"""Predictions for VOC's evaluation server, in an archive of its layout.

Source: the PASCAL VOC 2012 development kit, section 4.2. Competition comp6 is
for methods that learn from other data than VOC's too, such as ImageNet.
"""

import gzip
import io
import pathlib
import tarfile
from collections.abc import Callable

import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

COMPETITION = "comp6"
NUM_TEST_IMAGES = 1456  # Of VOC 2012, split test.


def write(
    source: schema.Source, predictions_dir: artifacts.Path, path: artifacts.Path
) -> None:
    """Checks the predictions of a split and packs them into a .tar.gz.

    The same predictions give the same bytes.

    Args:
      source: The split, with VOC's classes.
      predictions_dir: Folder of <image_id>.png label maps. Other files in it
        are left out.
      path: The archive. It appears complete or not at all.

    Raises:
      FileNotFoundError: If no image has a prediction.
      ValueError: If the classes are not VOC's, or if a prediction is missing,
        unreadable, of another size than its photograph, or has a pixel outside
        the classes 0 to 20. The message names all such files.
    """
    if source.label_set != labels.VOC:
        raise InputError(
            f"{source.name}: wanted VOC's 20 objects, found others in "
            f"class_names.txt; VOC's server scores no other classes"
        )
    ids = source.image_ids
    if len(artifacts.missing(ids, predictions_dir)) == len(ids):
        raise FileNotFoundError(
            f"{predictions_dir}: wanted label maps of the {len(ids)} images of "
            f"{source.name}, found none; make them with bin/segment_images"
        )
    with artifacts.replacing(path) as temporary:
        wrong = _pack(source, pathlib.Path(predictions_dir), temporary)
        if wrong:
            raise InputError(
                f"{predictions_dir}: wanted a label map of each of the "
                f"{len(ids)} images of {source.name}, of the photograph's size "
                f"and with classes 0 to {labels.VOC.num_objects}; found "
                f"{len(wrong)} wrong: {'; '.join(wrong)}; make these again "
                f"with bin/segment_images"
            )


def _pack(
    source: schema.Source, folder: pathlib.Path, path: pathlib.Path
) -> list[str]:
    """Packs what is right, and returns what is wrong."""
    wrong = []
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for image_id in tqdm.tqdm(source.image_ids, "pack", unit="image"):
            name = f"{image_id}.png"
            try:
                content = _checked(folder / name, source.image, image_id)
            except (FileNotFoundError, ValueError) as error:
                text = str(error).removeprefix(f"{folder / name}: ")
                wrong.append(f"{name}: {text}")
                continue
            member = tarfile.TarInfo(
                f"results/VOC2012/Segmentation/{COMPETITION}_test_cls/{name}"
            )
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return wrong


def _checked(path: pathlib.Path, image: Callable, image_id: str) -> bytes:
    """Returns a prediction as a palette PNG if it fits its photograph."""
    if not path.is_file():
        raise FileNotFoundError("missing")
    label_map = artifacts.read_label_map(path)
    wanted = image(image_id).shape[:2]
    if label_map.shape != wanted:
        raise InputError(
            f"{_size(label_map.shape)} pixels, its photograph {_size(wanted)}"
        )
    if (label_map == labels.IGNORE).any():
        raise InputError(f"ignored pixels ({labels.IGNORE})")
    if label_map.max() > labels.VOC.num_objects:
        raise InputError(f"class {label_map.max()}")
    return artifacts.encode_label_map(label_map)


def _size(shape: tuple[int, ...]) -> str:
    """Width x height, as viewers of images show it."""
    return f"{shape[1]} x {shape[0]}"
