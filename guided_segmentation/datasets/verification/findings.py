"""Findings of a verification, and what each kind of them means."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

# An error ends a run or makes its result wrong; a warning is worth a look; a
# note tells how the data are read.
SEVERITIES = ("error", "warning", "note")


class Check(NamedTuple):
    """A kind of finding.

    Attributes:
      severity: One of SEVERITIES.
      title: What is wrong.
      advice: What to do.
    """

    severity: str
    title: str
    advice: str


CHECKS = {
    "unreadable": Check(
        "error",
        "Photographs that cannot be read",
        "Replace or delete the files.",
    ),
    "file_names": Check(
        "error",
        "File names that cannot be used",
        "Rename the files.",
    ),
    "classes": Check(
        "error",
        "Classes that are no label set",
        "Correct the names in the file; 1 to 254 classes, no two of them equal "
        "up to upper and lower case.",
    ),
    "lists": Check(
        "error",
        "Lists of images that do not fit the photographs",
        "Add the photographs, or remove the lines.",
    ),
    "split_overlap": Check(
        "error",
        "The same image in two splits",
        "Keep it in one of them: scores on images that were trained on are "
        "too high.",
    ),
    "duplicate_across_splits": Check(
        "error",
        "The same picture in two splits",
        "Keep one of the two files: scores on pictures that were trained on "
        "are too high.",
    ),
    "tags_file": Check(
        "error",
        "Image-level labels that cannot be read",
        "Correct the file.",
    ),
    "tag_outside_classes": Check(
        "error",
        "Image-level labels that are no class",
        "Correct the spelling, or add the class to class_names.txt.",
    ),
    "mask_unreadable": Check(
        "error",
        "Masks that cannot be read",
        "Save class indices as PNG, with one channel or a palette.",
    ),
    "mask_size": Check(
        "error",
        "Masks of another size than their photograph",
        "Resize with nearest neighbour, or draw the mask on the upright "
        "photograph.",
    ),
    "mask_values": Check(
        "error",
        "Masks with values that are no class",
        "Correct the values, or add classes to class_names.txt.",
    ),
    "mask_binary": Check(
        "error",
        "Masks of 0 and 255 where 255 means ignored",
        "Write the class index, such as 1, instead of 255.",
    ),
    "mask_lossy": Check(
        "error",
        "Masks as JPEG",
        "Export masks again as PNG: JPEG changes the values.",
    ),
    "misplaced": Check(
        "warning",
        "Files without a counterpart",
        "Move the file to its place, or delete it.",
    ),
    "mask_among_photographs": Check(
        "warning",
        "Photographs that look like masks",
        "Move masks to a folder of their own and name it with --truth_dir.",
    ),
    "ending": Check(
        "warning",
        "Files of another format than their ending says",
        "Rename the files; other tools refuse them.",
    ),
    "duplicate": Check(
        "warning",
        "The same picture twice",
        "Keep one of the two files.",
    ),
    "contradiction": Check(
        "warning",
        "The same picture with different image-level labels",
        "Correct the labels of one of the two.",
    ),
    "case_twins": Check(
        "warning",
        "Names that differ in upper and lower case alone",
        "Rename one: Windows and macOS keep only one of the two.",
    ),
    "size": Check(
        "warning",
        "Photographs of unusual size",
        "Look whether these are thumbnails or strips.",
    ),
    "uniform": Check(
        "warning",
        "Photographs of one colour",
        "Delete them; there is nothing to see.",
    ),
    "untagged": Check(
        "warning",
        "Photographs without image-level labels",
        "Add them, or accept that --untagged=skip leaves them out.",
    ),
    "tags_alone": Check(
        "warning",
        "Image-level labels without photograph",
        "Add the photographs, or correct the names.",
    ),
    "ignored": Check(
        "warning",
        "Masks that are ignored for the most part",
        "Look whether 255 was meant as ignored.",
    ),
    "labels_against_mask": Check(
        "warning",
        "Image-level labels that differ from the mask",
        "Correct the labels or the mask.",
    ),
    "class_balance": Check(
        "warning",
        "Classes that are hard to learn",
        "Add photographs; or remove the class.",
    ),
    "turned": Check(
        "note",
        "Photographs that are turned upright by their EXIF orientation",
        "Draw masks on the upright photograph, as viewers show it.",
    ),
    "passed_over": Check(
        "note",
        "Files that are not read",
        "Nothing, unless photographs are among them.",
    ),
    "unmasked": Check(
        "note",
        "Photographs without mask",
        "Add masks if these images are to be scored.",
    ),
    "unlisted": Check(
        "note",
        "Photographs in no list",
        "Add them to a list of ImageSets/Segmentation if they are to be used.",
    ),
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
      check: Key of CHECKS.
      message: What was found, in which file.
      images: Ids of the images it is about.
    """

    check: str
    message: str
    images: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """One of SEVERITIES."""
        return CHECKS[self.check].severity


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Sorts findings: those of one check together, errors first."""
    order = {name: place for place, name in enumerate(CHECKS)}
    return sorted(findings, key=lambda each: order[each.check])


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Returns the number of findings of each severity.

    Example:
      >>> counts([Finding("turned", "a.jpg")])
      {'error': 0, 'warning': 0, 'note': 1}
    """
    found = [each.severity for each in findings]
    return {severity: found.count(severity) for severity in SEVERITIES}
