"""A page of photographs with seeds, saliency, guides and masks over them.

The page is one HTML file and a folder `page` of small pictures beside it. It
needs no network. The most doubtful masks come first.
"""

import functools
import pathlib
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from concurrent import futures
from typing import Any

import numpy as np
import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.report import layer_pictures, numbers, templates

# Layers by name, from the lowest to the highest: title and key to toggle it.
LAYERS = {
    "saliency": ("Saliency", "a"),
    "guide": ("Guide", "g"),
    "seeds": ("Seeds", "s"),
    "mask": ("Mask", "m"),
}
# Mean margins below this one ask for a look; see docs/start/masks.md.
DOUBTFUL_MARGIN = 0.9
PICTURES_DIR = "page"  # Beside the HTML file.
_THREADS = 2


def write(
    path: artifacts.Path,
    source: schema.Source,
    *,
    layers: Mapping[str, artifacts.Path],
    margins: Mapping[str, float] | None = None,
    notes: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str = "",
) -> None:
    """Writes the page and its pictures.

    A photograph is marked for a person to look at if it is unreadable or has
    no mask, if its mean margin is below DOUBTFUL_MARGIN, if the mask lacks a
    class that the photograph is tagged with, or if there is a note on it.

    Args:
      path: The HTML file. Pictures go to the folder PICTURES_DIR beside it,
        about 50 KB a photograph; those that are newer than what they show are
        kept.
      source: The photographs and the classes; tags if it has image labels.
      layers: For some keys of LAYERS, the folder of its <image_id>.png.
        Photographs may lack some of them.
      margins: Mean margin by image id: highest minus second probability, mean
        over the pixels.
      notes: By image id, why a person should look at it.
      settings: What the masks were made with; mappings may be nested.
      command: The command line that made them.

    Raises:
      ValueError: If `layers` has other keys, or the source has no classes.
      InputError: If a map is unreadable.
    """
    if not layers.keys() <= LAYERS.keys() or source.label_set is None:
        raise ValueError(
            f"wanted layers among {', '.join(LAYERS)} and a source with "
            f"classes, got {', '.join(layers)} and {source.label_set}"
        )
    path = pathlib.Path(path)
    entry = functools.partial(
        _entry, path.parent, source, layers, margins or {}, notes or {}
    )
    with futures.ThreadPoolExecutor(_THREADS) as pool:
        entries = list(
            tqdm.tqdm(
                pool.map(entry, source.image_ids),
                "page",
                len(source.image_ids),
                unit="image",
            )
        )
    entries.sort(key=_doubt)
    page = templates.render(
        "report/templates/photographs_page.html.jinja",
        tiles=_tiles(entries),
        classes=_class_areas(entries, source.label_set),
        limit=_percent(DOUBTFUL_MARGIN),
        settings=_flat(settings or {}),
        command=command,
        layers=[_layer(name) for name in LAYERS if name in layers],
        data={
            "classes": _classes(source.label_set),
            "layers": [_layer(name) for name in LAYERS if name in layers],
            "photographs": entries,
        },
    )
    artifacts.write_bytes(path, page.encode())


def _entry(
    folder: pathlib.Path,
    source: schema.Source,
    layers: Mapping[str, artifacts.Path],
    margins: Mapping[str, float],
    notes: Mapping[str, str],
    image_id: str,
) -> dict[str, Any]:
    """Writes the pictures of one photograph; returns what the page shows."""
    pictures = folder / PICTURES_DIR
    reasons, shown, areas = [], {}, None
    try:
        made = layer_pictures.write_photograph(
            pictures / "photograph", source, image_id
        )
        shown["photograph"] = _url(made, folder)
    except (InputError, FileNotFoundError) as error:
        reasons.append(str(error))
    for name, maps_dir in layers.items():
        made = layer_pictures.write_layer(
            pictures / name, name, maps_dir, image_id
        )
        if made is not None:
            shown[name] = _url(made, folder)
    if "mask" in shown:
        mask = pathlib.Path(layers["mask"], f"{image_id}.png")
        areas = _areas(artifacts.read_label_map(mask))
    elif "mask" in layers:
        reasons.append("no mask")
    tags = _tags(source, image_id)
    margin = margins.get(image_id)
    reasons += _doubts(margin, areas, tags, source.label_set)
    reasons += [notes[image_id]] if image_id in notes else []
    return {
        "id": image_id,
        "pictures": shown,
        "areas": [] if areas is None else list(areas.items()),
        "tags": tags,
        "margin": None if margin is None else float(margin),
        "reasons": reasons,
    }


def _doubts(
    margin: float | None,
    areas: Mapping[int, float] | None,
    tags: Sequence[int] | None,
    label_set: labels.LabelSet,
) -> list[str]:
    """Says what about a mask asks for a look, a line each."""
    found = []
    if margin is not None and margin < DOUBTFUL_MARGIN:
        found.append(
            f"mean margin {_percent(margin)}, below {_percent(DOUBTFUL_MARGIN)}"
        )
    missing = [tag for tag in tags or () if areas and tag not in areas]
    if missing:
        names = ", ".join(label_set.classes[tag] for tag in missing)
        found.append(f"tagged {names}, but the mask has none of it")
    return found


def _doubt(entry: Mapping[str, Any]) -> tuple:
    """Sorts photographs without mask first, then those of small margins."""
    is_complete = "photograph" in entry["pictures"] and bool(entry["areas"])
    margin = entry["margin"]
    return is_complete, 1.0 if margin is None else margin, entry["id"]


def _areas(label_map: np.ndarray) -> dict[int, float]:
    """Returns the fraction of pixels of each class index that occurs."""
    counts = np.bincount(label_map.ravel(), minlength=256)
    return {
        index: round(counts[index] / label_map.size, 6)
        for index in np.flatnonzero(counts).tolist()
    }


def _tags(source: schema.Source, image_id: str) -> list[int] | None:
    """Returns the class indices that a photograph is tagged with."""
    if source.image_labels is None:
        return None
    return (1 + np.flatnonzero(source.image_labels(image_id))).tolist()


def _class_areas(
    entries: Iterable[Mapping[str, Any]], label_set: labels.LabelSet
) -> dict[str, Any]:
    """Sums areas over all masks.

    Returns:
      The background's mean fraction, and a row for each object that occurs,
      in the order of their areas; bars are relative to the largest.
    """
    found = [dict(each["areas"]) for each in entries if each["areas"]]
    totals, counts = np.zeros(256), np.zeros(256, int)
    for areas in found:
        for index, fraction in areas.items():
            totals[index] += fraction
            counts[index] += 1
    means = totals / max(1, len(found))
    objects = range(1, label_set.num_classes)
    rows = [
        {
            **_class(index, label_set),
            "count": int(counts[index]),
            "percent": _percent(means[index]),
            "bar": float(means[index] / (max(means[list(objects)]) or 1)),
        }
        for index in sorted(objects, key=lambda index: -means[index])
        if counts[index]
    ]
    background = _percent(means[labels.BACKGROUND]) if found else numbers.DASH
    return {"background": background, "rows": rows}


def _tiles(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Returns the main figures: a title, a value and a note."""
    marked = sum(bool(each["reasons"]) for each in entries)
    margins = [each["margin"] for each in entries if each["margin"] is not None]
    mean = _percent(float(np.mean(margins))) if margins else numbers.DASH
    return [
        {
            "title": "Photographs",
            "value": f"{len(entries):,}",
            "note": f"{sum(bool(each['areas']) for each in entries):,} masks",
        },
        {"title": "To look at", "value": f"{marked:,}", "note": "marked below"},
        {
            "title": "Mean margin",
            "value": mean,
            "note": "highest minus second probability",
        },
    ]


def _classes(label_set: labels.LabelSet) -> dict[int, dict]:
    """Returns names and colours by class index, of IGNORE too."""
    known = range(label_set.num_classes)
    ignored = {"index": labels.IGNORE, "name": "ignored", "colour": "#ffffff"}
    found = {index: _class(index, label_set) for index in known}
    return {labels.IGNORE: ignored} | found


def _class(index: int, label_set: labels.LabelSet) -> dict:
    red, green, blue = labels.palette()[index].tolist()
    return {
        "index": index,
        "name": label_set.classes[index],
        "colour": f"#{red:02x}{green:02x}{blue:02x}",
    }


def _layer(name: str) -> dict[str, str]:
    title, key = LAYERS[name]
    return {"name": name, "title": title, "key": key}


def _url(path: pathlib.Path, folder: pathlib.Path) -> str:
    return urllib.parse.quote(path.relative_to(folder).as_posix())


def _percent(fraction: float) -> str:
    return f"{numbers.percent(fraction)}\N{THIN SPACE}%"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Turns {"a": {"b": 1}} into {"a.b": "1"}."""
    flat = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat
