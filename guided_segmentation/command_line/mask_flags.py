"""Flags of what bin/segment_images writes. Only it imports this module.

The binary itself defines --output_dir.
"""

import pathlib
from collections.abc import Callable, Iterable

from absl import flags

from guided_segmentation import (
    artifacts,
    crf,
    engines,
    exports,
    labels,
    provenance,
    segmenter,
)
from guided_segmentation.command_line import (
    app,
    data_flags,
    digests,
    engine_flags,
    parsers,
)
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

CRF = flags.DEFINE(
    parsers.CrfParser(),
    "crf",
    None,
    "Dense CRF that refines label maps (crf-postproc). Not given: none, or "
    "deeplab if --crf_dir is given.",
    serializer=flags.ArgumentSerializer(),
)
CRF_DIR = flags.DEFINE_string(
    "crf_dir",
    None,
    "Folder for refined label maps; those in output_dir are then written "
    "without the CRF, from the same predictions.",
)
CRF_MAX_PIXELS = flags.DEFINE_integer(
    "crf_max_pixels",
    None,
    "Height times width up to which crf-postproc refines a photograph at its "
    "own size. A larger one is refined at this size and its label map resized "
    "to the nearest neighbour. Not given: 0.8 million with 21 classes, 2.5 "
    "million with two, which keeps the program below 2 GB of memory.",
    lower_bound=1,
)
SALIENCY_WEIGHT = flags.DEFINE_float(
    "saliency_weight",
    3.0,
    "How much the maps of --saliency_dir count: the probabilities of objects "
    "are multiplied by saliency to this power, that of the background by one "
    "minus saliency.",
    lower_bound=0.0,
)
OVERLAY = flags.DEFINE_bool(
    "overlay",
    False,
    "Draw the label maps over their photographs, for people to look at, in "
    "the folder overlays beside output_dir: JPEGs of at most "
    f"{segmenter.OVERLAY_PX} pixels a side, and legend.svg.",
)
OVERLAY_DIR = flags.DEFINE_string(
    "overlay_dir", None, "Another folder for --overlay, which it implies."
)
PROBABILITIES_DIR = flags.DEFINE_string(
    "probabilities_dir",
    None,
    "Folder for the class probabilities of every pixel, <image_id>.npz with "
    "the arrays probabilities (float16) and classes. They are large: 2 bytes "
    "a pixel and class before compression.",
)
EXPORT = flags.DEFINE_list(
    "export",
    [],
    "Write the label maps for other tools too: some of coco (run lengths), "
    "labelme and yolo (polygons). Of two folders, those of --crf_dir.",
)
EXPORT_DIR = flags.DEFINE_string(
    "export_dir",
    None,
    "Folder for --export: coco.json, labelme/ and yolo/. Not given: the "
    "folder exports beside output_dir.",
)


def check() -> None:
    """Checks that the kinds of --export exist, and that all is local for them.

    Raises:
      ValueError: If one does not, or a folder is a URL.
    """
    unknown = [each for each in EXPORT.value if each not in exports.KINDS]
    if unknown:
        raise InputError(
            f"--export: wanted some of {', '.join(exports.KINDS)}, found "
            f"{unknown[0]!r}"
        )
    folders = [*written(), data_flags.DATA_DIR.value]
    urls = [str(each) for each in folders if artifacts.is_url(each)]
    if EXPORT.value and urls:
        raise InputError(
            f"--export: wanted local folders, to which exports refer, found "
            f"{urls[0]}; copy photographs and label maps first"
        )


def saliency_maps() -> segmenter.SaliencyMaps | None:
    """Returns the maps of --saliency_dir with their weight, or None.

    Raises:
      ValueError: If there is a weight without maps.
    """
    folder = data_flags.SALIENCY_DIR.value
    if folder is not None:
        return segmenter.SaliencyMaps(folder, SALIENCY_WEIGHT.value)
    if SALIENCY_WEIGHT.present:
        raise InputError(
            f"--saliency_weight={SALIENCY_WEIGHT.value}: wanted --saliency_dir "
            f"beside it, found none; give the folder of bin/make_saliency"
        )
    return None


def require_saliency_maps(source: schema.Source) -> None:
    """Checks that there is a map of each photograph, if maps are given.

    Args:
      source: The photographs.

    Raises:
      ValueError: If one is missing.
    """
    folder = data_flags.SALIENCY_DIR.value
    if folder is None:
        return
    missing = artifacts.missing(source.image_ids, folder)
    if missing:
        raise InputError(
            f"--saliency_dir={folder}: wanted a map of each of "
            f"{len(source.image_ids)} photographs, {len(missing)} are missing, "
            f"the first is {missing[0]}.png; run bin/make_saliency on the same "
            f"photographs"
        )


def crf_max_pixels(label_set: labels.LabelSet) -> int:
    """Returns the size up to which crf-postproc keeps a photograph's own."""
    given = CRF_MAX_PIXELS.value
    return given or segmenter.max_pixels(label_set.num_classes)


def missing(image_ids: Iterable[str]) -> list[str]:
    """Returns the images that lack a file or a line in margins.csv."""
    image_ids = tuple(image_ids)
    lacking = segmenter.missing(
        image_ids,
        folders(),
        overlay_dir=overlay_dir(),
        probabilities_dir=PROBABILITIES_DIR.value,
    )
    known = [segmenter.read_margins(each) for each in folders()]
    unknown = {i for i in image_ids if not all(i in each for each in known)}
    return [i for i in image_ids if i in unknown.union(lacking)]


def made_by_engine(
    segment: Callable[[schema.Source], dict[str, str]],
    source: schema.Source,
    output_dir: str,
    names: list[str],
) -> dict[str, str]:
    """Segments photographs where --engine says.

    Args:
      segment: Segments the photographs of a source; returns why some have no
        label map, by image id.
      source: All photographs.
      output_dir: Of the binary.
      names: The arguments of the command line that are no flags.

    Returns:
      As `segment` does.
    """
    if engine_flags.is_local():
        return segment(source)
    with segmenter.margins_to(folders()) as write_margin:

        def take(row: engines.Row) -> None:
            if row.value is not None:
                write_margin(row.image_id, row.value)

        here = engines.Work(source, segment)
        return engine_flags.make(here, missing, output_dir, names, take)


def made_from(source: schema.Source, only_present: bool) -> provenance.Inputs:
    """Returns digests of what the label maps are made from.

    Args:
      source: The photographs.
      only_present: Whether image-level labels decide, too.
    """
    found = {"photographs": digests.photographs(source)}
    if (maps := saliency_maps()) is not None:
        found["saliency maps"] = provenance.file_digests(
            source.image_ids, maps.folder
        )
    if only_present:
        found["image labels"] = digests.image_labels(source)
    return found


def written() -> list[pathlib.Path]:
    """Returns the folders that are written."""
    found = [
        flags.FLAGS.output_dir,
        CRF_DIR.value,
        PROBABILITIES_DIR.value,
        overlay_dir(),
        EXPORT.value and export_dir(),
    ]
    return [artifacts.to_path(each) for each in found if each]


def overlay_dir() -> pathlib.Path | None:
    """Returns the folder of the overlays, or None."""
    if OVERLAY_DIR.value:
        return artifacts.to_path(OVERLAY_DIR.value)
    return (
        app.beside(flags.FLAGS.output_dir, "overlays")
        if OVERLAY.value
        else None
    )


def export_dir() -> pathlib.Path:
    """Returns the folder of the exports."""
    if EXPORT_DIR.value:
        return artifacts.to_path(EXPORT_DIR.value)
    return app.beside(flags.FLAGS.output_dir, "exports")


def export(
    source: schema.Source, label_set: labels.LabelSet
) -> list[pathlib.Path]:
    """Writes the exports of the last folder's label maps; returns where."""
    paths = []
    for kind in EXPORT.value:
        path = export_dir() / exports.KINDS[kind]
        exports.write(kind, source, list(folders())[-1], label_set, path)
        paths.append(path)
    return paths


def told_of(
    source: schema.Source,
    unreadable: dict[str, str],
    exported: list[pathlib.Path],
) -> str:
    """Says what was written and where."""
    count = len(source.image_ids) - len(unreadable)
    told = [
        f"label maps of {count} images are in {' and '.join(folders())}",
        *([f"overlays in {overlay_dir()}"] if overlay_dir() else []),
        *(
            [f"probabilities in {PROBABILITIES_DIR.value}"]
            if PROBABILITIES_DIR.value
            else []
        ),
    ]
    if exported:
        told.append(f"exports in {' and '.join(map(str, exported))}")
    return ", ".join(told)


def folders() -> dict[str, crf.CrfSettings | None]:
    """Returns the CRF of each output folder; None writes unrefined maps."""
    name = CRF.value or ("none" if CRF_DIR.value is None else "deeplab")
    refined = None if name == "none" else crf.named(name)
    if CRF_DIR.value is None:
        return {flags.FLAGS.output_dir: refined}
    return {flags.FLAGS.output_dir: None, CRF_DIR.value: refined}
