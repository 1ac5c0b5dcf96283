"""A folder of a user's own photographs, without label maps.

Image-level labels come from a CSV file, the classes from class_names.txt.
"""

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files, label_files, schema

Path = artifacts.Path


def source(
    data_dir: Path,
    image_labels_csv: Path | None = None,
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a folder of photographs, which has no truth.

    The photographs are read as they are stored: the orientation in a camera's
    EXIF data is ignored.

    Args:
      data_dir: Holds the photographs (.jpg, .jpeg, .png, upper or lower
        case); hidden files and other folders in it are ignored.
      image_labels_csv: Image-level labels of every photograph, in a file as
        `label_files.read_label_names` takes it. None if they are not needed.
      label_set: The classes. By default those of class_names.txt in
        `data_dir`; without that file VOC's, if every name in the CSV is one
        of them; else the names in the CSV in alphabetical order. Write
        class_names.txt so that a misspelt name is an error.

    Returns:
      The photographs in the order of their ids.

    Raises:
      FileNotFoundError: If the folder or the CSV is missing.
      ValueError: If there is no photograph, two have the same id, or the CSV
        lacks one or names an object that is not in the label set.
    """
    found = image_files.find(data_dir)
    image_ids = tuple(sorted(found))
    label_set = label_set or _default_label_set(data_dir, image_labels_csv)
    return schema.Source(
        name="folder",
        digest=image_files.digest(found),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(found[image_id]),
        image_labels=label_files.csv_image_labels(
            image_labels_csv, image_ids, label_set
        )
        if image_labels_csv
        else None,
        label_set=label_set,
    )


def _default_label_set(
    data_dir: Path, image_labels_csv: Path | None
) -> labels.LabelSet:
    label_set = label_files.read_label_set(data_dir)
    if label_set or not image_labels_csv:
        return label_set or labels.VOC
    names_by_id = label_files.read_label_names(image_labels_csv)
    names = set().union(*names_by_id.values())
    if names <= set(labels.VOC.objects):
        return labels.VOC
    return label_files.label_set_of(sorted(names), image_labels_csv)
