"""The IoU of each class: a bar for each segmenter, a mark for its guide."""

import html
from collections.abc import Mapping

from guided_segmentation.report import legend, numbers

# The drawing, in its own pixels.
_PLOT_PX = 1120
_NAME_PX = 110  # Left of the bars.
_VALUE_PX = 40  # Right of the longest.
_BAR_PX = 7

Scores = Mapping[str, Mapping[str, float | None]]


def draw(
    segmenters: Mapping[str, Mapping], guides: Mapping[str, Mapping]
) -> str:
    """Draws a group of bars for each class, the best class of G2 first.

    Args:
      segmenters: Evaluations by name of guide, with the IoU of each class.
      guides: Evaluations of the guides themselves, likewise.

    Returns:
      HTML: the drawing and, folded away, its figures.
    """
    leader = "g2" if "g2" in segmenters else next(iter(segmenters))
    learned = {guide: found["iou"] for guide, found in segmenters.items()}
    taught = {
        guide: found["iou"]
        for guide, found in guides.items()
        if guide in segmenters and guide != "full_supervision"
    }
    classes = sorted(
        learned[leader], key=lambda name: -(learned[leader][name] or 0)
    )
    return (
        f"{_key(learned, leader)}{_plot(classes, learned, taught)}"
        f"{_class_table(classes, learned, taught)}"
    )


def _key(learned: Scores, leader: str) -> str:
    dots = "".join(
        f"<span><i class=dot style='background:{legend.COLOURS[guide]}'></i>"
        f"{legend.NAMES[guide]}</span>"
        for guide in learned
    )
    return (
        f"<p class=key>Bars are segmenters on val, dark marks the guides that "
        f"they learned from, on train. Sorted by {legend.NAMES[leader]}.</p>"
        f"<p class=legend>{dots}</p>"
    )


def _plot(classes: list[str], learned: Scores, taught: Scores) -> str:
    columns = 2 if len(classes) > 8 else 1
    per_column = -(-len(classes) // columns)
    group_px = _BAR_PX * len(learned) + 12
    width = _PLOT_PX // columns
    groups = [
        _class_group(
            name,
            {guide: scores[name] for guide, scores in learned.items()},
            {guide: scores.get(name) for guide, scores in taught.items()},
            left=index // per_column * width,
            top=index % per_column * group_px,
            width=width,
        )
        for index, name in enumerate(classes)
    ]
    axes = [
        _axis(column * width, width, per_column * group_px)
        for column in range(columns)
    ]
    return (
        f"<svg viewBox='0 0 {_PLOT_PX} {per_column * group_px + 20}' role=img "
        f"aria-label='IoU of each class by guide'>"
        f"{''.join(axes + groups)}</svg>"
    )


def _class_table(classes: list[str], learned: Scores, taught: Scores) -> str:
    """Returns the figures behind the bars, folded away."""
    columns = [
        *((legend.NAMES[guide], scores) for guide, scores in learned.items()),
        *(
            (f"{legend.NAMES[guide]}: the guide", scores)
            for guide, scores in taught.items()
        ),
    ]
    heads = "".join(f"<td>{title}" for title, _ in columns)
    rows = "".join(
        f"<tr><th>{html.escape(name)}"
        + "".join(
            f"<td>{numbers.percent(scores.get(name))}" for _, scores in columns
        )
        for name in classes
    )
    return (
        f"<details><summary>The same in figures</summary>"
        f"<table class=classes><tr><th>{heads}{rows}</table></details>"
    )


def _class_group(
    name: str,
    learned: Mapping[str, float | None],
    taught: Mapping[str, float | None],
    left: int,
    top: int,
    width: int,
) -> str:
    middle = top + 2 + _BAR_PX * len(learned) / 2
    start, full = left + _NAME_PX, width - _NAME_PX - _VALUE_PX
    parts = [
        f"<text x={start - 10} y={middle:.1f} class=name>"
        f"{html.escape(name)}</text>"
    ]
    for index, (guide, score) in enumerate(learned.items()):
        title = f"{name}, {legend.NAMES[guide]}"
        y = top + 2 + index * _BAR_PX
        bar = f"width={max((score or 0) * full, 0.5):.1f} height={_BAR_PX - 1}"
        parts.append(
            f"<rect x={start} y={y} {bar} rx=1.5 "
            f"fill='{legend.COLOURS[guide]}'>{_title(title, score)}</rect>"
        )
        if (mark := taught.get(guide)) is not None:
            x = start + mark * full
            parts.append(
                f"<path d='M{x:.1f} {y - 0.5}v{_BAR_PX}' class=mark>"
                f"{_title(f'{title}, the guide', mark)}</path>"
            )
    return "".join(parts)


def _title(text: str, score: float | None) -> str:
    return f"<title>{html.escape(f'{text}: {numbers.percent(score)}')}</title>"


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
