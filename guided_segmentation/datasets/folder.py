"""A user's own photographs, and the files one writes beside them by hand.

A photograph's name without its ending is its image id. Image-level labels
come from a CSV file, the names of the classes from class_names.txt.
"""

import csv
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema

Path = artifacts.Path
ENDINGS = (".jpg", ".jpeg", ".png")  # Of photographs, in any case.
CSV_HEADER = ["image_id", "labels"]


def source(
    data_dir: Path,
    image_labels_csv: Path | None = None,
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a folder of photographs, which has no truth.

    The photographs are read as they are stored: a camera's note that a
    picture should be turned is not followed.

    Args:
      data_dir: Holds the photographs (.jpg, .jpeg, .png, in any case);
        hidden files and folders inside it are passed over.
      image_labels_csv: Image-level labels as `read_label_names` takes them,
        for every photograph. None if no stage needs them.
      label_set: The classes. By default those of class_names.txt in
        `data_dir`; without that file VOC's, if they cover every name of the
        CSV; else the names of the CSV in alphabetical order. So write
        class_names.txt to be told of misspelt names.

    Returns:
      The photographs in the order of their ids.

    Raises:
      FileNotFoundError: If the folder or the CSV is missing.
      ValueError: If there is no photograph, two have one id, or the CSV
        lacks one or names an object outside the label set.
    """
    photographs = find_photographs(data_dir)
    image_ids = tuple(sorted(photographs))
    label_set = label_set or _default_label_set(data_dir, image_labels_csv)
    return schema.Source(
        name="folder",
        digest=digest(photographs),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        image_labels=csv_image_labels(image_labels_csv, image_ids, label_set)
        if image_labels_csv
        else None,
        label_set=label_set,
    )


def digest(photographs: Mapping[str, pathlib.Path]) -> str:
    """Hashes the names and lengths of photographs, without reading them.

    Args:
      photographs: Files by image id.

    Returns:
      16 hexadecimal digits, the same wherever the files are.
    """
    lengths = {name: path.stat().st_size for name, path in photographs.items()}
    text = json.dumps(lengths, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def find_photographs(data_dir: Path) -> dict[str, pathlib.Path]:
    """Returns the photographs in a folder by image id.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no photograph, or two of one id.
    """
    if not pathlib.Path(data_dir).is_dir():
        raise FileNotFoundError(f"no folder {data_dir}")
    found = {}
    for path in sorted(
        filter(_is_photograph, pathlib.Path(data_dir).iterdir())
    ):
        if path.stem in found:
            raise ValueError(
                f"{data_dir}: {found[path.stem].name} and {path.name} would "
                f"share the image id {path.stem!r}; rename one"
            )
        found[path.stem] = path
    if not found:
        raise ValueError(
            f"{data_dir}: wanted photographs ({', '.join(ENDINGS)}), found none"
        )
    return found


def read_label_set(folder: Path) -> labels.LabelSet | None:
    """Returns the objects of `folder`/class_names.txt, None without it.

    Args:
      folder: May hold class_names.txt: one object a line, in the order of
        their class indices, which start at 1; the background is left out.

    Raises:
      ValueError: If the names make no label set.
    """
    path = pathlib.Path(folder, "class_names.txt")
    if not path.is_file():
        return None
    lines = artifacts.read_text(path).splitlines()
    return _label_set(filter(None, map(str.strip, lines)), path)


def read_label_names(path: Path) -> dict[str, list[str]]:
    """Reads a CSV file of image-level labels.

    Args:
      path: Has the header "image_id,labels", then a line an image: its id
        (or the file name of the photograph) and the names of its objects,
        parted by spaces.

    Returns:
      The names of the objects by image id.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it looks otherwise or has an image twice.
    """
    lines = csv.reader(artifacts.read_text(path).splitlines())
    rows = [[cell.strip() for cell in row] for row in lines if any(row)]
    if not rows or rows[0] != CSV_HEADER:
        found = repr(",".join(rows[0])) if rows else "an empty file"
        raise ValueError(
            f"{path}: wanted the header {','.join(CSV_HEADER)}, found {found}"
        )
    for row in rows:
        if len(row) != len(CSV_HEADER):
            raise ValueError(
                f"{path}: wanted an image id, a comma and names parted by "
                f"spaces, found {','.join(row)!r}"
            )
    image_ids = [image_id(row[0]) for row in rows[1:]]
    require_different(image_ids, path)
    return dict(
        zip(image_ids, (row[1].split() for row in rows[1:]), strict=True)
    )


def csv_image_labels(
    path: Path, image_ids: tuple[str, ...], label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    """Makes a reader of image-level labels from a CSV file.

    Args:
      path: As `read_label_names` takes it; it may name further images.
      image_ids: The images that need labels.
      label_set: The objects that may be named.

    Returns:
      A function from image id to [num_objects] bool. It raises a ValueError
      for an image without any object.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If an image has no line, or one with a name outside the
        label set.
    """
    names = read_label_names(path)
    missing = [i for i in image_ids if i not in names]
    if missing:
        raise ValueError(
            f"{path}: {len(missing)} of {len(image_ids)} images have no line, "
            f"the first is {missing[0]!r}; add them"
        )
    rows = {i: named_labels(names[i], label_set, path, i) for i in image_ids}
    return lambda image_id: require_objects(rows[image_id], path, image_id)


def named_labels(
    names: list[str], label_set: labels.LabelSet, path: Path, image_id: str
) -> np.ndarray:
    """Returns the [num_objects] bool image labels of names read from a file.

    Raises:
      ValueError: If a name is outside the label set, with file and image.
    """
    try:
        return label_set.image_labels(names)
    except ValueError as error:
        raise ValueError(f"{path}: image {image_id!r}: {error}") from error


def image_id(text: str) -> str:
    """Returns the id of a photograph, given its id, file name or path."""
    path = pathlib.PureWindowsPath(text)
    return path.stem if path.suffix.lower() in ENDINGS else path.name


def require_different(image_ids: Iterable[str], path: Path) -> None:
    """Raises a ValueError if the file `path` names an image twice."""
    seen = set()
    for name in image_ids:
        if name in seen:
            raise ValueError(
                f"{path}: image {name!r} is there twice; keep one of them"
            )
        seen.add(name)


def require_objects(
    image_labels: np.ndarray, path: Path, image_id: str
) -> np.ndarray:
    """Returns [num_objects] bool image labels, if there is any.

    Args:
      image_labels: Which objects are present.
      path: The file they come from, for the message.
      image_id: For the message.

    Raises:
      ValueError: If no object is present: there is nothing to learn from.
    """
    if not image_labels.any():
        raise ValueError(
            f"{path}: image {image_id!r} has no image labels, wanted at least "
            f"one object; name it or leave the image out"
        )
    return image_labels


def require_photographs(
    photographs: Mapping[str, pathlib.Path], path: Path
) -> None:
    """Checks that every image has its photograph.

    Args:
      photographs: Where they should be, by image id.
      path: The file that names the images, for the message.

    Raises:
      FileNotFoundError: If one is missing.
    """
    missing = [i for i, file in photographs.items() if not file.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{path}: {len(missing)} of {len(photographs)} images have no "
            f"photograph, the first is {missing[0]!r}: wanted "
            f"{photographs[missing[0]]}; add them or take them off the list"
        )


def require_size(
    label_map: np.ndarray, path: Path, photograph: Path, image_id: str
) -> np.ndarray:
    """Returns a [height, width] map if it is as large as its photograph.

    Args:
      label_map: Read from `path`.
      path: For the message.
      photograph: The file of the photograph; only its header is read.
      image_id: For the message.

    Raises:
      ValueError: If the two differ in size.
    """
    size = artifacts.read_size(photograph)
    if label_map.shape != size:
        raise ValueError(
            f"{path}: wanted the height and width of image {image_id!r}, "
            f"{size}, found {label_map.shape}; replace one of the two"
        )
    return label_map


def _is_photograph(path: pathlib.Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in ENDINGS and not hidden and path.is_file()


def _default_label_set(
    data_dir: Path, image_labels_csv: Path | None
) -> labels.LabelSet:
    label_set = read_label_set(data_dir)
    if label_set or not image_labels_csv:
        return label_set or labels.VOC
    names = set().union(*read_label_names(image_labels_csv).values())
    if names <= set(labels.VOC.objects):
        return labels.VOC
    return _label_set(sorted(names), image_labels_csv)


def _label_set(objects: Iterable[str], path: Path) -> labels.LabelSet:
    try:
        return labels.LabelSet(tuple(objects))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
