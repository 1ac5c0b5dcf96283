"""What a data set consists of, listed without stopping at the first error."""

import dataclasses
import pathlib
from collections.abc import Iterable

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import label_files, mask_tables
from guided_segmentation.datasets.image_labels import joining
from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.errors import InputError


@dataclasses.dataclass(kw_only=True)
class Layout:
    """A data set.

    Attributes:
      name: Of the data set.
      photographs: Files by image id.
      splits: Ids of the images of each split.
      masks: Files of label maps by image id.
      table: What the colours of the masks mean; None if they hold indices.
      label_set: The classes; None if they are unknown or no label set.
      has_listed_classes: Whether a file lists the classes, so that a class
        without images is worth a warning.
      tags: Image-level labels; None if there are none.
      findings: What was found while listing.
    """

    name: str
    photographs: dict[str, pathlib.Path]
    splits: dict[str, tuple[str, ...]]
    masks: dict[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    table: mask_tables.Table | None = None
    label_set: labels.LabelSet | None = None
    has_listed_classes: bool = False
    tags: joining.Tags | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)

    def split_of(self) -> dict[str, str]:
        """Returns the split of each image; the first of several."""
        found: dict[str, str] = {}
        for split, image_ids in self.splits.items():
            for image_id in image_ids:
                found.setdefault(image_id, split)
        return found

    def add(self, check: str, messages: Iterable[str]) -> None:
        """Adds findings that are about no image that can be shown."""
        self.findings += [Finding(check, each) for each in messages]


def read_classes(layout: Layout, root: artifacts.Path) -> None:
    """Reads the classes of class_names.txt or of the masks' table.

    Args:
      layout: Its table is known; label_set and findings are added.
      root: Folder of class_names.txt.
    """
    try:
        layout.label_set = label_files.read_label_set(root)
        if layout.label_set is None and layout.table is not None:
            layout.label_set = label_files.label_set_of(
                layout.table.objects, layout.table.path
            )
    except InputError as error:
        layout.add("classes", [str(error)])
    layout.has_listed_classes = layout.label_set is not None


def read_table(layout: Layout, folder: artifacts.Path) -> None:
    """Reads the table of colours or values beside the masks, if there is one.

    Args:
      layout: table and findings are added.
      folder: Folder of the masks.
    """
    try:
        layout.table = mask_tables.find(folder)
    except InputError as error:
        layout.add("classes", [str(error)])


def read_tags(layout: Layout, image_labels: str) -> None:
    """Reads image-level labels, and the classes if no file lists them.

    Args:
      layout: Its photographs and listed classes are known; tags, label_set
        and findings are added.
      image_labels: One of image_labels.kinds.forms().
    """
    image_ids = tuple(layout.photographs)
    try:
        layout.tags = joining.read(image_labels, image_ids, layout.label_set)
    except (InputError, OSError) as error:
        layout.add("tags_file", [str(error)])
        return
    untagged = [i for i in image_ids if i not in layout.tags.names]
    if len(untagged) == len(image_ids):
        text = f"{layout.tags.where}: it names none of the photographs"
        layout.add("tags_file", [text])
        return
    layout.findings += [
        Finding("untagged", f"{i}: not in {layout.tags.where}", (i,))
        for i in untagged
    ]
    layout.add(
        "tags_alone",
        [f"{layout.tags.where}: {name}" for name in layout.tags.unknown],
    )
    _classes_of_tags(layout, layout.tags)


def _classes_of_tags(layout: Layout, tags: joining.Tags) -> None:
    """Takes the names in the image-level labels for the classes."""
    is_bad = any(each.check == "classes" for each in layout.findings)
    if layout.label_set is not None or is_bad:
        return
    if set(tags.objects) <= set(labels.VOC.objects):
        layout.label_set = labels.VOC
        return
    try:
        layout.label_set = label_files.label_set_of(tags.objects, tags.where)
    except InputError as error:
        layout.add("classes", [str(error)])
