"""cls_labels.npy, the image-level labels of many repositories, as tags.

The file is a pickled dict. Pickles can run any code; this reader builds
arrays and nothing else.
"""

import io
import pathlib
import pickle
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from guided_segmentation import artifacts, labels, provenance
from guided_segmentation.datasets.image_labels import table
from guided_segmentation.datasets.preparation import originals, records
from guided_segmentation.errors import InputError

Path = artifacts.Path
FILE = "cls_labels.npy"
TAGS = "image_labels.csv"
_ORIGINAL = originals.Original(
    archive=FILE,
    folder=FILE,
    url="the repository whose labels you want, such as that of IRN",
)
_ID = re.compile(r"\d{4}_\d{6}")


def prepare(data_dir: Path, output_dir: Path) -> dict:
    """Writes image_labels.csv from cls_labels.npy.

    Args:
      data_dir: The file, or the folder that holds it.
      output_dir: Receives image_labels.csv.

    Returns:
      The content of preparation.json.

    Raises:
      FileNotFoundError: If there is no such file.
      FileExistsError: If `output_dir` holds tags from elsewhere.
      ValueError: As `read` does.
    """
    path = pathlib.Path(data_dir)
    if not path.is_file():
        path = originals.find(data_dir, _ORIGINAL)
    found = read(path)
    records.begin(output_dir, "cls_labels", (TAGS,))
    lines = [",".join(table.HEADER)]
    for image_id, present in found.items():
        names = [labels.VOC.objects[i] for i in np.flatnonzero(present)]
        lines.append(f"{image_id},{' '.join(names)}")
    tags = pathlib.Path(output_dir, TAGS)
    content = "".join(f"{line}\n" for line in lines)
    records.write_if_other(tags, content.encode())
    record = {
        "from": {path.name: originals.recorded(path)},
        "images": len(found),
        "without_objects": sum(not each.any() for each in found.values()),
        "sha256": {"image_labels": provenance.sha256(tags)},
    }
    records.end(output_dir, "cls_labels", record)
    return record


def read(path: Path) -> dict[str, np.ndarray]:
    """Reads and checks the file.

    Args:
      path: A pickled dict in NumPy's format. Keys are VOC's image ids as text
        ("2007_000032") or whole numbers (2007000032), values vectors of 20
        numbers that are 0 or 1.

    Returns:
      [20] bool image-level labels by image id, in the order of the file.

    Raises:
      ValueError: If it is another file, or holds anything else.
    """
    content = _unpickled(path)
    found: dict[str, np.ndarray] = {}
    for key, value in content.items():
        image_id = _image_id(key, path)
        if image_id in found:
            raise InputError(
                f"{path}: wanted every image once, found {image_id!r} twice; "
                f"make the file again"
            )
        found[image_id] = _present(value, image_id, path)
    if not found:
        raise InputError(f"{path}: wanted labels of images, found none")
    return found


def _image_id(key: Any, path: Path) -> str:
    text = str(key)
    if isinstance(key, (int, np.integer)) and text.isdecimal():
        text = f"{text[:4]}_{text[4:]}"
    if not _ID.fullmatch(text):
        raise InputError(
            f"{path}: wanted image ids such as '2007_000032' or 2007000032, "
            f"found {key!r}; this reader is for VOC 2012"
        )
    return text


def _present(value: Any, image_id: str, path: Path) -> np.ndarray:
    num_objects = labels.VOC.num_objects
    array = np.asarray(value)
    is_vector = array.shape == (num_objects,) and array.dtype.kind in "fiub"
    if not is_vector or not np.isin(array, (0, 1)).all():
        raise InputError(
            f"{path}: image {image_id!r}: wanted {num_objects} numbers that "
            f"are 0 or 1, found {str(array.tolist())[:80]} (shape "
            f"{array.shape}); make the file again"
        )
    return array.astype(bool)


def _unpickled(path: Path) -> Mapping:
    """The dict in the file; no code of the file runs."""
    file = io.BytesIO(pathlib.Path(path).read_bytes())
    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read_header(file)
        if shape != () or dtype != np.dtype(object):
            raise InputError(f"an array {list(shape)} of {dtype}")
        content = _Unpickler(file).load().item()
    except Exception as error:  # Damaged files raise errors of many types.
        raise InputError(
            f"{path}: wanted a pickled dict in NumPy's format, found {error}; "
            f"get {FILE} again"
        ) from error
    if not isinstance(content, Mapping):
        raise InputError(
            f"{path}: wanted a pickled dict, found {type(content).__name__}; "
            f"get {FILE} again"
        )
    return content


def _constructors() -> dict[str, Any]:
    """What pickles of NumPy arrays call, by name."""
    array, scalar = np.zeros(1), np.float32(0)
    return {
        "_reconstruct": array.__reduce__()[0],
        "_frombuffer": array.__reduce_ex__(5)[0],
        "scalar": scalar.__reduce__()[0],
        "ndarray": np.ndarray,
        "dtype": np.dtype,
    }


class _Unpickler(pickle.Unpickler):
    """Builds arrays, numbers, text and containers; refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns a constructor of NumPy, or of bytes.

        Raises:
          pickle.UnpicklingError: If the pickle asks for anything else.
        """
        known = _constructors()
        if module.partition(".")[0] == "numpy" and name in known:
            return known[name]
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"a pickle that calls {module}.{name}, which no table of labels "
            f"needs"
        )
