"""A bar for each class and segmenter."""

import html
from collections.abc import Mapping

from guided_segmentation.report import legend, numbers

# The drawing of the bars, in its own pixels.
_PLOT_PX = 1120
_NAME_PX = 110  # Left of the bars.
_VALUE_PX = 40  # Right of the longest.
_BAR_PX = 7


def draw(evaluations: Mapping[str, Mapping]) -> str:
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
    key = "".join(
        f"<span><i class=dot style='background:{legend.COLOURS[guide]}'></i>"
        f"{legend.NAMES[guide]}</span>"
        for guide in evaluations
    )
    return (
        f"<p class=legend>{key}</p>"
        f"<svg viewBox='0 0 {_PLOT_PX} {height}' role=img "
        f"aria-label='IoU of each class by guide'>"
        f"{''.join(axes + groups)}</svg>{_class_table(classes, evaluations)}"
    )


def _class_table(classes: list[str], evaluations: Mapping[str, Mapping]) -> str:
    """Returns the figures behind the bars, folded away."""
    heads = "".join(f"<td>{legend.NAMES[guide]}" for guide in evaluations)
    rows = "".join(
        f"<tr><th>{html.escape(name)}"
        + "".join(
            f"<td>{numbers.percent(found['iou'][name])}"
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
        title = f"{name}, {legend.NAMES[guide]}: {numbers.percent(score)}"
        y = top + 2 + index * _BAR_PX
        parts.append(
            f"<rect x={left + _NAME_PX} y={y} width={max(length, 0.5):.1f} "
            f"height={_BAR_PX - 1} rx=1.5 fill='{legend.COLOURS[guide]}'>"
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
