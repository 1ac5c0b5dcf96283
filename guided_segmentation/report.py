"""One HTML page with the figures and pictures of an experiment.

The page is whole in itself: no script, no network, images inline.

Source of the form and of the paper's figures: Oh et al., "Exploiting saliency
for object segmentation from image level labels", CVPR 2017, table 2, table 3
and figure 7.
"""

import base64
import dataclasses
import html
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from guided_segmentation import artifacts, labels, stages, visualize
from guided_segmentation.datasets import schema

NAMES = {
    "seeds_only": "Seeds only",
    "g0": "G0",
    "g1": "G1",
    "g2": "G2",
    "g2_round2": "G2, round 2",
    "oaa": "OAA",
    "saliency_oracle": "Saliency oracle",
    "full": "Full supervision",
}
COLOURS = {
    "seeds_only": "#d98a00",
    "g0": "#56b4e9",
    "g1": "#8a6fc9",
    "g2": "#0b5fa5",
    "g2_round2": "#0a3a66",
    "oaa": "#c2568f",
    "saliency_oracle": "#14936b",
    "full": "#6b6f76",
}
TITLES = {
    "train": "Guides, on images learned from",
    "val": "Predictions, on images never seen",
}


@dataclasses.dataclass(frozen=True)
class PaperRow:
    """A row of the paper's tables 2 and 3, in percent as printed there.

    Attributes:
      fg: Precision and recall of the objects.
      bg: Precision and recall of the background.
      miou: Of the segmenter on VOC 2012 val, without CRF.
      miou_crf: The same with crf-postproc.
      note: What to know before comparing.
    """

    fg: tuple[int, int] | None = None
    bg: tuple[int, int] | None = None
    miou: float | None = None
    miou_crf: float | None = None
    note: str = ""


_TWICE = "the paper prints the foreground's figures again as the background's"
PAPER = {
    "seeds_only": PaperRow((69, 37), (81, 95), 38.7, 39.8),
    "g0": PaperRow((65, 52), (65, 52), 45.8, 48.8, _TWICE),
    "g1": PaperRow((75, 51), (75, 51), 46.2, note=_TWICE),
    "g2": PaperRow((73, 59), (87, 95), 51.2, 55.7),
    "g2_round2": PaperRow(),
    "oaa": PaperRow(),
    "saliency_oracle": PaperRow((89, 91), (100, 99), 56.9),
    "full": PaperRow(miou_crf=67.6),
}
PAPER_PERCENT_OF_FULL = 80.6  # Table 3, on the test set, with CRF.

_PAPER_SHARE = f"paper: {PAPER_PERCENT_OF_FULL}&thinsp;%"
_PICTURE_PX = 220  # Height of a picture in the file.
_MARKS = "†‡§¶"
_NONE = "\N{EN DASH}"  # For what was not measured.

# The drawing of the bars, in its own pixels.
_PLOT_PX = 1120
_NAME_PX = 110  # Left of the bars.
_VALUE_PX = 40  # Right of the longest.
_BAR_PX = 7

_STYLE = """
:root { color: #1c2530; background: #fff; font: 15px/1.5 system-ui,
  -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
body { max-width: 1180px; margin: 0 auto; padding: 40px 28px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px;
  letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 0 0 14px; }
header p, .key, .foot { color: #5d6875; margin: 0; }
section { margin-top: 48px; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin-top: 24px; }
.tile { flex: 1 1 150px; padding: 12px 16px 14px; border-radius: 8px;
  background: #f3f5f8; }
.tile span, .tile b, .tile i { display: block; font-style: normal; }
.tile span, .tile i { font-size: 13px; color: #5d6875; }
.tile b { font-size: 27px; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; }
.scroll { overflow-x: auto; }
.guides { width: 100%; white-space: nowrap; }
.guides td, .guides thead th { text-align: right; padding: 7px 12px; }
.guides thead th:first-child { text-align: left; }
.guides thead th { font-size: 13px; color: #5d6875; padding: 3px 12px; }
.guides thead tr:first-child th[colspan] { text-align: center;
  color: #1c2530; border-bottom: 1px solid #c9d1da; }
.guides tbody tr { border-top: 1px solid #e4e8ed; }
.guides tbody tr.g2 { background: #eef4fb; }
.guides tbody tr.g2 th, .guides .main { font-weight: 650; }
.guides .main { min-width: 110px; }
.guides .paper { color: #5d6875; background: #fafbfc; }
.guides sup { position: absolute; font-size: 10px; padding-left: 2px; }
.foot { font-size: 13px; margin-top: 6px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px;
  margin-right: 8px; }
.legend { margin: 0 0 10px; font-size: 13px; }
.legend span { margin-right: 20px; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg .name { text-anchor: end; dominant-baseline: middle; fill: #1c2530; }
svg .tick { text-anchor: middle; font-size: 10px; fill: #8692a0; }
svg .grid { stroke: #e4e8ed; }
.strips { display: grid; gap: 4px 6px; margin-top: 14px; align-items: start; }
.strips b { font-weight: 600; font-size: 13px; }
.strips img { max-width: 100%; max-height: 200px; display: block;
  border-radius: 3px; }
.strips .caption { grid-column: 1 / -1; margin: 0 0 14px; font-size: 12px;
  color: #5d6875; }
.caption code { margin-right: 16px; }
.caption span { margin-right: 14px; }
.caption .dot { width: 9px; height: 9px; margin-right: 5px; }
.classes { font-size: 13px; margin-top: 10px; }
.classes td { text-align: right; padding: 2px 0 2px 28px; }
.times { width: 100%; font-size: 13px; }
.times th, .times td { padding: 2px 12px 2px 0; white-space: nowrap; }
.times td { text-align: right; }
.times .wide { width: 70%; text-align: left; color: #5d6875; }
.times .bar { display: inline-block; height: 10px; border-radius: 2px;
  background: #8fb3d9; min-width: 1px; margin-right: 8px; }
pre { background: #f3f5f8; padding: 14px; border-radius: 8px;
  font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: #0b5fa5; }
@media print { section { break-inside: avoid-page; } }
"""
_PAGE = """<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>From image labels to a segmenter</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_TABLE_2 = """<div class=scroll><table class=guides>
<thead>
<tr><th><th colspan=2>Supervision<th colspan=2>Guide, train
<th colspan={span}>Segmenter, val<th colspan=4 class=paper>The paper</tr>
<tr><th>Guide<th>Fg P/R<th>Bg P/R<th>mIoU<th>ignored<th>mIoU{crf}
<th>% of full<th class=paper>Fg P/R<th class=paper>Bg P/R
<th class=paper>val mIoU<th class=paper>with CRF</tr>
</thead>
<tbody>
{rows}</tbody>
</table></div>{notes}"""


@dataclasses.dataclass(frozen=True)
class Strip:
    """A row of pictures of one image, as in the paper's figure 7.

    Attributes:
      image_id: Name of the image.
      objects: Class index and name of each object present.
      pictures: [height, width, 3] uint8 RGB by caption.
    """

    image_id: str
    objects: tuple[tuple[int, str], ...]
    pictures: Mapping[str, np.ndarray]


def percent_of_full(
    segmenters: Mapping[str, Mapping[str, float]],
    guide: str,
    key: str = "miou",
) -> float | None:
    """Returns a guide's mIoU as a percentage of full supervision's.

    Args:
      segmenters: By name of guide, what the segmenter reached, with its miou.
      guide: Name of the guide.
      key: "miou", or "miou_crf" with crf-postproc.

    Returns:
      The percentage, or None if either was not measured or full has none.
    """
    score = segmenters.get(guide, {}).get(key)
    full = segmenters.get("full", {}).get(key)
    return 100 * score / full if score is not None and full else None


def table(summary: Mapping) -> str:
    """Returns the table of guides as text, beside the paper's figures.

    Args:
      summary: The content of summary.json.
    """
    header = "guide|fg P/R|bg P/R|guide mIoU|ignored|val mIoU|% of full"
    scored = ["miou"]
    if _has_crf(summary):
        header += "|with CRF|% of full"
        scored.append("miou_crf")
    header += "|paper: fg P/R|val mIoU|with CRF"
    rows = [header.split("|")]
    for guide in summary["guides"]:
        rows.append([guide, *_guide_cells(summary, guide)])
        for key in scored:
            rows[-1] += _val_cells(summary, guide, key)
        paper = PAPER[guide]
        rows[-1] += map(_printed, (paper.fg, paper.miou, paper.miou_crf))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def guide_strips(
    source: schema.Source,
    guide_dirs: Mapping[str, artifacts.Path],
    seeds_dir: artifacts.Path | None,
    saliency_dir: artifacts.Path | None,
    count: int,
) -> list[Strip]:
    """Shows image, seeds, saliency, guides and truth of some images.

    Args:
      source: The split that the guides label.
      guide_dirs: Folder of label maps by name of guide.
      seeds_dir: Folder of seeds, if there are any.
      saliency_dir: Folder of saliency maps, if there are any.
      count: How many images, at even distances; fewer if there are fewer.

    Raises:
      FileNotFoundError: If an image lacks a map that others have.
    """
    # Seen beside the seeds and the truth, these two would show nothing new.
    shown = {
        guide: folder
        for guide, folder in guide_dirs.items()
        if guide not in ("seeds_only", "full")
    }
    strips = []
    for image_id in _some(source, guide_dirs, count):
        image = source.image(image_id)
        pictures = {"Image": image}
        if seeds_dir is not None:
            pictures["Seeds"] = _labelled(image, seeds_dir, image_id)
        if saliency_dir is not None:
            path = pathlib.Path(saliency_dir, f"{image_id}.png")
            saliency_map = artifacts.read_saliency_map(path)
            pictures["Saliency"] = visualize.heat(image, saliency_map)
        for guide, folder in shown.items():
            pictures[NAMES[guide]] = _labelled(image, folder, image_id)
        strips.append(_strip(source, image_id, image, pictures))
    return strips


def prediction_strips(
    source: schema.Source,
    prediction_dirs: Mapping[str, artifacts.Path],
    count: int,
) -> list[Strip]:
    """Shows image, predictions and truth of some images.

    Args:
      source: The split that was segmented.
      prediction_dirs: Folder of label maps by name of guide.
      count: How many images, at even distances; fewer if there are fewer.

    Raises:
      FileNotFoundError: If an image lacks a prediction that others have.
    """
    strips = []
    for image_id in _some(source, prediction_dirs, count):
        image = source.image(image_id)
        pictures = {"Image": image}
        for guide, folder in prediction_dirs.items():
            pictures[NAMES[guide]] = _labelled(image, folder, image_id)
        strips.append(_strip(source, image_id, image, pictures))
    return strips


def write(
    path: artifacts.Path,
    summary: Mapping,
    evaluations: Mapping[str, Mapping[str, Mapping]],
    strips: Mapping[str, Sequence[Strip]],
    sections: Mapping[str, str] | None = None,
) -> None:
    """Writes the report of an experiment.

    Args:
      path: The HTML file.
      summary: The content of summary.json.
      evaluations: By "guides" and "segmenters", the evaluations by name of
        guide, each with the IoU of each class.
      strips: The pictures by "train" and "val".
      sections: More HTML by title, shown first.
    """
    shown = dict(sections or {})
    if summary["guides"]:
        bars = _class_bars(evaluations["segmenters"])
        shown["Guides compared"] = _table_2(summary)
        shown["IoU of each class, on val"] = bars
    body = [
        _head(summary),
        *(_section(title, content) for title, content in shown.items()),
        *(
            _section(TITLES[split], _gallery(found))
            for split, found in strips.items()
            if found
        ),
        _section("Time", _times(summary)),
        _section("Settings", _settings(summary)),
    ]
    page = _PAGE.format(style=_STYLE, body="\n".join(body))
    artifacts.write_bytes(path, page.encode())


def _some(
    source: schema.Source, folders: Mapping[str, artifacts.Path], count: int
) -> list[str]:
    """Picks ids at even distances out of those that have a map."""
    folder = pathlib.Path(next(iter(folders.values())))
    ids = [
        image_id
        for image_id in source.image_ids
        if (folder / f"{image_id}.png").is_file()
    ]
    count = min(count, len(ids))
    return [ids[index * len(ids) // count] for index in range(count)]


def _labelled(
    image: np.ndarray, folder: artifacts.Path, image_id: str
) -> np.ndarray:
    path = pathlib.Path(folder, f"{image_id}.png")
    return visualize.overlay(image, artifacts.read_label_map(path))


def _strip(
    source: schema.Source,
    image_id: str,
    image: np.ndarray,
    pictures: dict[str, np.ndarray],
) -> Strip:
    """Adds the truth, if there is one, and the names of the objects."""
    if source.label_map is not None:
        truth = source.label_map(image_id)
        pictures["Truth"] = visualize.overlay(image, truth)
    present = source.image_labels(image_id)
    objects = tuple(
        (index + 1, source.label_set.objects[index])
        for index in np.flatnonzero(present).tolist()
    )
    return Strip(image_id, objects, pictures)


def _guide_cells(summary: Mapping, guide: str) -> list[str]:
    scores = summary["guides"][guide]
    return [
        _pair(scores["fg"]),
        _pair(scores["bg"]),
        _percent(scores["miou"]),
        _percent(scores["ignored"]),
    ]


def _has_crf(summary: Mapping) -> bool:
    return any("miou_crf" in row for row in summary["segmenters"].values())


def _val_cells(summary: Mapping, guide: str, key: str = "miou") -> list[str]:
    share = percent_of_full(summary["segmenters"], guide, key)
    return [
        _percent(summary["segmenters"][guide].get(key)),
        _NONE if share is None else f"{share:.1f}",
    ]


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{100 * share:.1f}"


def _pair(scores: Mapping[str, float | None]) -> str:
    return "/".join(
        _NONE if scores[key] is None else f"{100 * scores[key]:.0f}"
        for key in ("precision", "recall")
    )


def _printed(figure: float | tuple[int, int] | None) -> str:
    """Writes a figure or a pair of them as the paper does."""
    if isinstance(figure, tuple):
        return "{}/{}".format(*figure)
    return _NONE if figure is None else f"{figure}"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>\n{content}</section>"


def _head(summary: Mapping) -> str:
    """Returns title and the figures one looks for first."""
    segmenters = summary["segmenters"]
    tiles = [
        (NAMES[guide], _percent(segmenters[guide]["miou"]), "val mIoU")
        for guide in ("g2", "full")
        if guide in segmenters
    ]
    if summary["percent_of_full"] is not None:
        share = f"{summary['percent_of_full']:.1f}"
        tiles.append(("G2 of full", f"{share}&thinsp;%", _PAPER_SHARE))
    saliency = summary["guides"].get("g2", {}).get("saliency")
    if saliency:
        tiles.append(
            ("Saliency", _percent(saliency["iou"]), "IoU with the objects")
        )
    total = stages.duration(sum(summary["seconds"].values()))
    tiles.append(("Time", total, f"{len(summary['seconds'])} stages"))
    cards = "".join(
        f"<div class=tile><span>{name}</span><b>{value}</b><i>{unit}</i></div>"
        for name, value, unit in tiles
    )
    compared = (
        "Segmenters that learn from different guides"
        if summary["guides"]
        else "Seeders"
    )
    return (
        "<header><h1>From image labels to a segmenter</h1>"
        f"<p>{compared}, compared as in Oh et al., CVPR 2017.</p>"
        f"<div class=tiles>{cards}</div></header>"
    )


def _table_2(summary: Mapping) -> str:
    """Returns this run's table beside the paper's, and its footnotes."""
    notes = dict.fromkeys(PAPER[guide].note for guide in summary["guides"])
    marks = dict(zip(filter(None, notes), _MARKS, strict=False))
    with_crf = _has_crf(summary)
    rows = "".join(
        _table_2_row(summary, guide, marks.get(PAPER[guide].note, ""), with_crf)
        for guide in summary["guides"]
    )
    feet = "".join(
        f"<p class=foot>{m} {note}.</p>" for note, m in marks.items()
    )
    return _TABLE_2.format(
        span=2 + with_crf,
        crf="<th>with CRF" if with_crf else "",
        rows=rows,
        notes=feet,
    )


def _table_2_row(
    summary: Mapping, guide: str, mark: str, with_crf: bool
) -> str:
    paper = PAPER[guide]
    guide_cells = _guide_cells(summary, guide)
    miou, share = _val_cells(summary, guide)
    crf = _percent(summary["segmenters"][guide].get("miou_crf"))
    bar = 100 * (summary["segmenters"][guide]["miou"] or 0)
    colour = COLOURS[guide]
    return "".join(
        [
            f"<tr class={guide}><th><i class=dot style='background:{colour}'>",
            f"</i>{NAMES[guide]}",
            *(f"<td>{cell}" for cell in guide_cells),
            "<td class=main style='background-image:linear-gradient(90deg,"
            f"{colour}2e {bar:.1f}%,transparent {bar:.1f}%)'>{miou}",
            f"<td>{crf}" if with_crf else "",
            f"<td>{share}<td class=paper>{_printed(paper.fg)}",
            f"<td class=paper>{_printed(paper.bg)}<sup>{mark}</sup>",
            f"<td class=paper>{_printed(paper.miou)}",
            f"<td class=paper>{_printed(paper.miou_crf)}</tr>\n",
        ]
    )


def _class_bars(evaluations: Mapping[str, Mapping]) -> str:
    """Draws a group of bars for each class, one bar a guide."""
    classes = list(next(iter(evaluations.values()))["iou"])
    columns = 2 if len(classes) > 8 else 1
    per_column = -(-len(classes) // columns)
    group_px = _BAR_PX * len(evaluations) + 12
    width = _PLOT_PX // columns
    groups = [
        _class_group(
            name,
            {guide: found["iou"][name] for guide, found in evaluations.items()},
            left=index // per_column * width,
            top=index % per_column * group_px,
            width=width,
        )
        for index, name in enumerate(classes)
    ]
    height = per_column * group_px + 20
    axes = [
        _axis(column * width, width, per_column * group_px)
        for column in range(columns)
    ]
    legend = "".join(
        f"<span><i class=dot style='background:{COLOURS[guide]}'></i>"
        f"{NAMES[guide]}</span>"
        for guide in evaluations
    )
    return (
        f"<p class=legend>{legend}</p>"
        f"<svg viewBox='0 0 {_PLOT_PX} {height}' role=img "
        f"aria-label='IoU of each class by guide'>"
        f"{''.join(axes + groups)}</svg>{_class_table(classes, evaluations)}"
    )


def _class_table(classes: list[str], evaluations: Mapping[str, Mapping]) -> str:
    """Returns the figures behind the bars, folded away."""
    heads = "".join(f"<td>{NAMES[guide]}" for guide in evaluations)
    rows = "".join(
        f"<tr><th>{html.escape(name)}"
        + "".join(
            f"<td>{_percent(found['iou'][name])}"
            for found in evaluations.values()
        )
        for name in classes
    )
    return (
        f"<details><summary>The same in figures</summary>"
        f"<table class=classes><tr><th>{heads}{rows}</table></details>"
    )


def _class_group(
    name: str,
    scores: Mapping[str, float | None],
    left: int,
    top: int,
    width: int,
) -> str:
    height = _BAR_PX * len(scores)
    parts = [
        f"<text x={left + _NAME_PX - 10} y={top + 6 + height / 2:.1f} "
        f"class=name>{html.escape(name)}</text>"
    ]
    for index, (guide, score) in enumerate(scores.items()):
        length = (score or 0) * (width - _NAME_PX - _VALUE_PX)
        title = f"{name}, {NAMES[guide]}: {_percent(score)}"
        y = top + 2 + index * _BAR_PX
        parts.append(
            f"<rect x={left + _NAME_PX} y={y} width={max(length, 0.5):.1f} "
            f"height={_BAR_PX - 1} rx=1.5 fill='{COLOURS[guide]}'>"
            f"<title>{html.escape(title)}</title></rect>"
        )
    return "".join(parts)


def _axis(left: int, width: int, height: int) -> str:
    """Draws the grid of one column: a line every 20 percent."""
    full = width - _NAME_PX - _VALUE_PX
    lines = []
    for percent in range(0, 101, 20):
        x = left + _NAME_PX + full * percent / 100
        lines.append(
            f"<line x1={x:.1f} x2={x:.1f} y1=0 y2={height} class=grid />"
            f"<text x={x:.1f} y={height + 14} class=tick>{percent}</text>"
        )
    return "".join(lines)


def _gallery(strips: Sequence[Strip]) -> str:
    """Lays strips in columns that have one heading each."""
    columns = len(strips[0].pictures)
    heads = "".join(
        f"<b>{html.escape(caption)}</b>" for caption in strips[0].pictures
    )
    rows = "".join(map(_strip_row, strips))
    return (
        f"<p class=key>White is ignored. Where there is no colour is "
        f"background.</p><div class=strips style='grid-template-columns:"
        f"repeat({columns},1fr)'>{heads}{rows}</div>"
    )


def _strip_row(strip: Strip) -> str:
    pictures = "".join(
        f"<img alt='{html.escape(f'{caption} of {strip.image_id}', True)}' "
        f"src='{_inline(picture)}'>"
        for caption, picture in strip.pictures.items()
    )
    objects = "".join(
        f"<span><i class=dot style='background:{_hex(index)}'></i>"
        f"{html.escape(name)}</span>"
        for index, name in strip.objects
    )
    return (
        f"{pictures}<p class=caption><code>{html.escape(strip.image_id)}</code>"
        f"{objects}</p>"
    )


def _inline(picture: np.ndarray) -> str:
    content = visualize.jpeg(visualize.scaled(picture, _PICTURE_PX))
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _hex(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*labels.palette()[index])


def _times(summary: Mapping) -> str:
    """Returns a bar for each stage's seconds."""
    longest = max(summary["seconds"].values()) or 1
    rows = "".join(
        f"<tr><th>{html.escape(name)}<td>{stages.duration(seconds)}"
        f"<td class=wide><i class=bar style='width:"
        f"{100 * seconds / longest:.2f}%'></i>"
        f"{'reused' if name in summary['reused'] else ''}</tr>"
        for name, seconds in summary["seconds"].items()
    )
    return f"<table class=times>{rows}</table>"


def _settings(summary: Mapping) -> str:
    """Returns versions and commands, the latter folded away."""
    versions = " · ".join(
        f"{name}&nbsp;{html.escape(version)}"
        for name, version in summary["versions"].items()
    )
    commands = "\n\n".join(summary["settings"].values())
    return (
        f"<p>{versions}</p><details><summary>Commands of the stages</summary>"
        f"<pre>{html.escape(commands)}</pre></details>"
    )
