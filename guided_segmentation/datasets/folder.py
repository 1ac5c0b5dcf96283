"""A folder of a user's own photographs, without label maps.

Image-level labels come from a CSV file, the classes from class_names.txt.
"""

import pathlib

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files, label_files, schema

Path = artifacts.Path


def source(
    data_dir: Path,
    image_labels_csv: Path | None = None,
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a folder of photographs, which has no truth.

    Args:
      data_dir: Holds the photographs, with one of image_files.ENDINGS. Hidden
        files, other files and folders in it are not read; Source.passed_over
        names them.
      image_labels_csv: Image-level labels of every photograph, in a file as
        `label_files.read_rows` takes it. None if they are not needed.
      label_set: The classes. By default those of class_names.txt in
        `data_dir`; without that file VOC's, if every name in the CSV is one
        of them; else the names in the CSV in alphabetical order. Write
        class_names.txt so that a misspelt name is an error.

    Returns:
      The photographs in the order of their ids.

    Raises:
      FileNotFoundError: If the folder or the CSV is missing.
      ValueError: If the photographs cannot be told apart (image_files.find),
        or the CSV lacks one or names an object that is not in the label set.
    """
    found = image_files.find(data_dir)
    photographs = found.photographs
    image_ids = tuple(sorted(photographs))
    label_set = label_set or _default_label_set(data_dir, image_labels_csv)
    passed_over = found.passed_over(*_expected(data_dir, image_labels_csv))
    image_labels = None
    if image_labels_csv:
        image_labels = label_files.csv_image_labels(
            image_labels_csv, image_ids, label_set
        )
        unknown = label_files.unknown_images(image_labels_csv, image_ids)
        if unknown:
            passed_over.append(
                f"images of {image_labels_csv} without photograph: "
                f"{len(unknown)} ({image_files.listed(unknown)})"
            )
    return schema.Source(
        name="folder",
        digest=image_files.digest(photographs),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        image_labels=image_labels,
        label_set=label_set,
        photograph=photographs.__getitem__,
        has_labels_in_memory=True,
        passed_over=tuple(passed_over),
    )


def _expected(data_dir: Path, image_labels_csv: Path | None) -> list[str]:
    """Names of files in the folder that need no mention."""
    names = ["class_names.txt"]
    if image_labels_csv:
        path = pathlib.Path(image_labels_csv)
        if path.parent.resolve() == pathlib.Path(data_dir).resolve():
            names.append(path.name)
    return names


def _default_label_set(
    data_dir: Path, image_labels_csv: Path | None
) -> labels.LabelSet:
    label_set = label_files.read_label_set(data_dir)
    if label_set or not image_labels_csv:
        return label_set or labels.VOC
    names: set[str] = set()
    for _ in range(2):  # A name quoted once is known everywhere.
        rows = label_files.read_rows(image_labels_csv, names)
        names = {name for _, found in rows for name in found}
    if names <= set(labels.VOC.objects):
        return labels.VOC
    return label_files.label_set_of(sorted(names), image_labels_csv)
