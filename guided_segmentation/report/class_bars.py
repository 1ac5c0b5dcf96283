"""The IoU of each class: a bar for each segmenter, a mark for its guide.

The functions compute positions in pixels of the drawing; the template draws.
"""

from collections.abc import Mapping, Sequence

import markupsafe

from guided_segmentation.report import legend, numbers, templates

_PLOT_PX = 1120  # Width of the drawing.
_NAME_PX = 110  # Left of the bars.
_MARGIN_PX = 40  # Right of the longest bar.
_BAR_PX = 7
_AXIS_PX = 20  # Height of the axis labels.

Scores = Mapping[str, Mapping[str, float | None]]


def to_html(
    segmenters: Mapping[str, Mapping], guides: Mapping[str, Mapping]
) -> markupsafe.Markup:
    """Draws a group of bars for each class, the best class of G2 first.

    Args:
      segmenters: Evaluations by name of guide, with the IoU of each class.
      guides: Evaluations of the guides themselves, likewise.

    Returns:
      HTML: the drawing and, collapsed, its numbers as a table.
    """
    sorted_by = "g2" if "g2" in segmenters else next(iter(segmenters))
    segmenter_ious = {name: found["iou"] for name, found in segmenters.items()}
    guide_ious = {
        name: found["iou"]
        for name, found in guides.items()
        if name in segmenters and name != "full_supervision"
    }
    ious = segmenter_ious[sorted_by]
    classes = sorted(ious, key=lambda name: -(ious[name] or 0))
    return templates.render(
        "report/templates/class_bars.html.jinja",
        sorted_by=legend.NAMES[sorted_by],
        items=[legend.item(guide) for guide in segmenters],
        **_plot(classes, segmenter_ious, guide_ious),
        **_table(classes, segmenter_ious, guide_ious),
    )


def _plot(
    classes: Sequence[str], segmenter_ious: Scores, guide_ious: Scores
) -> dict:
    """Places the groups of bars in one column or two."""
    num_columns = 2 if len(classes) > 8 else 1
    per_column = -(-len(classes) // num_columns)
    group_px = _BAR_PX * len(segmenter_ious) + 12
    width = _PLOT_PX // num_columns
    bars_px = width - _NAME_PX - _MARGIN_PX
    groups = [
        _group(
            name,
            segmenter_ious,
            guide_ious,
            left=index // per_column * width + _NAME_PX,
            top=index % per_column * group_px + 2,
            bars_px=bars_px,
        )
        for index, name in enumerate(classes)
    ]
    ticks = [
        {
            "x": column * width + _NAME_PX + bars_px * percent / 100,
            "percent": percent,
        }
        for column in range(num_columns)
        for percent in range(0, 101, 20)
    ]
    return {
        "width": _PLOT_PX,
        "plot_height": per_column * group_px,
        "height": per_column * group_px + _AXIS_PX,
        "bar_height": _BAR_PX - 1,
        "mark_height": _BAR_PX,
        "groups": groups,
        "ticks": ticks,
    }


def _group(
    name: str,
    segmenter_ious: Scores,
    guide_ious: Scores,
    left: int,
    top: int,
    bars_px: int,
) -> dict:
    """Places the bars and marks of one class; IoU 1 is `bars_px` wide."""
    bars, marks = [], []
    for index, (guide, ious) in enumerate(segmenter_ious.items()):
        y, title = top + index * _BAR_PX, f"{name}, {legend.NAMES[guide]}"
        bars.append(
            {
                "y": y,
                "width": max((ious[name] or 0) * bars_px, 0.5),
                "colour": legend.COLOURS[guide],
                "title": f"{title}: {numbers.percent(ious[name])}",
            }
        )
        iou = guide_ious.get(guide, {}).get(name)
        if iou is not None:
            text = f"{title}, the guide: {numbers.percent(iou)}"
            mark = {"x": left + iou * bars_px, "y": y - 0.5, "title": text}
            marks.append(mark)
    middle = top + _BAR_PX * len(segmenter_ious) / 2
    return {
        "name": name,
        "x": left,
        "y": middle,
        "bars": bars,
        "marks": marks,
    }


def _table(
    classes: Sequence[str], segmenter_ious: Scores, guide_ious: Scores
) -> dict:
    """Returns the numbers behind the bars, a row for each class."""
    names = [legend.NAMES[guide] for guide in segmenter_ious]
    names += [f"{legend.NAMES[guide]}: the guide" for guide in guide_ious]
    scores = [*segmenter_ious.values(), *guide_ious.values()]
    rows = [
        (name, [numbers.percent(ious.get(name)) for ious in scores])
        for name in classes
    ]
    return {"header": names, "rows": rows}
