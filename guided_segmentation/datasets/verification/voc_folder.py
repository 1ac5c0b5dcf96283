"""Lists a data set in VOC's layout for a verification."""

import pathlib
from collections.abc import Sequence

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_files,
    image_lists,
    label_files,
    pascal_voc,
    voc_annotations,
    voc_files,
)
from guided_segmentation.datasets.image_labels import joining, kinds
from guided_segmentation.datasets.verification import layouts
from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.errors import InputError

Path = artifacts.Path
# Lists that share no image; the first name of a group that exists is read.
_GROUPS = (("trainaug", "train_aug", "train"), ("val",), ("test",))


def layout(
    data_dir: Path, splits: Sequence[str] = (), image_labels: str = "masks"
) -> layouts.Layout:
    """Lists the photographs, label maps and labels of some splits.

    Args:
      data_dir: As of pascal_voc.source.
      splits: Names of lists in ImageSets/Segmentation. None: those of the
        training, validation and test images; or all, if there is none of
        these.
      image_labels: As of pascal_voc.source.

    Raises:
      FileNotFoundError: If JPEGImages or a list is missing.
    """
    root = pascal_voc.find_root(data_dir)
    names = image_files.names_by_stem(root / "JPEGImages", image_files.ENDINGS)
    photographs = {
        stem: root / "JPEGImages" / found[0] for stem, found in names.items()
    }
    listed = layouts.Layout(name="pascal_voc", photographs={}, splits={})
    for path in _lists(root, splits):
        _read_list(listed, path, photographs)
    for stem, found in names.items():
        if len(found) > 1:
            text = f"{' and '.join(found)} would share the image id {stem!r}"
            listed.add("file_names", [f"JPEGImages: {text}"])
    used = listed.split_of()
    listed.photographs = {i: photographs[i] for i in used}
    listed.add("unlisted", sorted(photographs.keys() - used.keys()))
    listed.masks = voc_files.find_label_maps(root, tuple(used))
    _find_masks_alone(listed, root, photographs)
    layouts.read_table(listed, root)
    layouts.read_classes(listed, root)
    is_bad = any(each.check == "classes" for each in listed.findings)
    if kinds.is_one(image_labels):
        layouts.read_tags(listed, image_labels)
    elif listed.label_set is None and not is_bad:
        listed.label_set = labels.VOC
    if image_labels == "xml":
        _read_annotations(listed, root / "Annotations")
    return listed


def _lists(root: pathlib.Path, splits: Sequence[str]) -> list[pathlib.Path]:
    folder = root / "ImageSets" / "Segmentation"
    known = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    missing = [name for name in splits if name not in known]
    if missing or not known:
        raise FileNotFoundError(
            f"no list {(missing or ['train'])[0]}.txt in {folder}; existing "
            f"splits: {', '.join(known) or 'none'}"
        )
    groups = [[name for name in group if name in known] for group in _GROUPS]
    usual = [group[0] for group in groups if group]
    return [known[name] for name in splits or usual or known]


def _read_list(
    listed: layouts.Layout,
    path: pathlib.Path,
    photographs: dict[str, pathlib.Path],
) -> None:
    image_ids = image_lists.parse(path, photographs)
    seen: dict[str, None] = {}
    others = listed.split_of()
    for image_id in image_ids:
        if image_id in seen:
            listed.add("lists", [f"{path}: {image_id} is listed twice"])
        elif image_id not in photographs:
            listed.add("lists", [f"{path}: {image_id} has no photograph"])
        else:
            seen[image_id] = None
    for image_id in seen:
        if image_id in others:
            text = f"{image_id}: in {others[image_id]} and in {path.stem}"
            listed.findings.append(Finding("split_overlap", text, (image_id,)))
    listed.splits[path.stem] = tuple(seen)


def _find_masks_alone(
    listed: layouts.Layout,
    root: pathlib.Path,
    photographs: dict[str, pathlib.Path],
) -> None:
    match = image_files.matcher(photographs)
    for folder in voc_files.LABEL_MAP_DIRS:
        for stem in image_files.names_by_stem(root / folder, (".png",)):
            if match(stem) is None:
                text = f"{folder}/{stem}.png: no photograph"
                listed.add("misplaced", [text])


def _read_annotations(listed: layouts.Layout, folder: pathlib.Path) -> None:
    """Takes the objects of VOC's Annotations for image-level labels."""
    found: dict[str, list[str]] = {}
    for image_id in listed.photographs:
        try:
            objects = voc_annotations.read_objects(folder / f"{image_id}.xml")
        except FileNotFoundError:
            text = f"{image_id}: not in {folder}"
            listed.findings.append(Finding("untagged", text, (image_id,)))
        except InputError as error:
            listed.add("tags_file", [str(error)])
        else:
            names = (n for n, _ in objects if not label_files.is_no_object(n))
            found[image_id] = list(dict.fromkeys(names))
    every = sorted({name for names in found.values() for name in names})
    listed.tags = joining.Tags(
        where=str(folder), names=found, unknown=(), objects=tuple(every)
    )
