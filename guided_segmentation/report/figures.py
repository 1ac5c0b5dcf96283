"""Draws figures of the paper from the scores of runs, as PNG files."""

import io
import warnings
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib import colors, figure, font_manager
from matplotlib.axes import Axes

from guided_segmentation import artifacts

MAX_ANNOTATED = 60  # Classes of a confusion matrix with a number in each cell.
# The first has Latin, Greek and Cyrillic letters; the others have more.
_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "Malgun Gothic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
)
_COLOUR_MAP = "Blues"
_PANELS = {"fg": "(a) Foreground classes", "bg": "(b) Background"}


def seed_curves(scores: Mapping[str, Mapping], path: artifacts.Path) -> None:
    """Draws Figure 3: precision-recall curves of seeds, in two panels.

    Args:
      scores: By name of seeder, what evaluation.seed_curves.evaluate returns.
      path: PNG to write.
    """
    sheet = figure.Figure(figsize=(9, 4), layout="constrained")
    for axes, (area, title) in zip(
        sheet.subplots(1, 2, sharey=True), _PANELS.items(), strict=True
    ):
        for name, found in scores.items():
            axes.plot(*_points(found[area]), label=name)
        axes.set(title=title, xlabel="recall", xlim=(0, 1), ylim=(0, 1))
        axes.grid(alpha=0.3)
    sheet.axes[0].set_ylabel("precision")
    sheet.axes[1].legend(loc="lower left", fontsize="small")
    _write(sheet, path)


def saliency_curves(
    scores: Mapping[str, Mapping], path: artifacts.Path
) -> None:
    """Draws precision-recall curves of saliency maps.

    A dot marks the threshold of half of the maximum.

    Args:
      scores: By name of the maps, "curve" as evaluation.saliency_curves.curve
        returns it, and "precision" and "recall" at half of the maximum.
      path: PNG to write.
    """
    sheet = figure.Figure(figsize=(5, 4), layout="constrained")
    axes = sheet.subplots()
    for name, found in scores.items():
        (line,) = axes.plot(*_points(found["curve"]), label=name)
        dot = {key: [found[key]] for key in ("recall", "precision")}
        axes.plot(*_points(dot), "o", color=line.get_color())
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("Saliency; dots at 50 % of the maximum", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize="small")
    _write(sheet, path)


def confusion_matrix(
    confusion: np.ndarray, classes: Sequence[str], path: artifacts.Path
) -> None:
    """Draws what percentage of each true class is predicted as which class.

    Cells of more than MAX_ANNOTATED classes are left without numbers. Names
    in other scripts than Latin, Greek and Cyrillic need one of _FONTS.

    Args:
      confusion: [num_classes, num_classes + 1] int64 pixel counts. Rows are
        the truth. The last column counts pixels predicted as ignored; it is
        drawn only if it is not all zero.
      classes: Names of all classes.
      path: PNG to write.
    """
    columns = [*classes, *(["ignored"] if confusion[:, -1].any() else [])]
    sums = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    percent = 100 * confusion[:, : len(columns)] / sums
    side = 1.5 + 0.31 * min(len(classes), MAX_ANNOTATED)
    with matplotlib.rc_context({"font.family": _families()}):
        sheet = figure.Figure(figsize=(side, side), layout="constrained")
        plot = sheet.subplots()
        plot.imshow(percent, _COLOUR_MAP, colors.PowerNorm(0.6, 0, 100))
        plot.set_xticks(range(len(columns)), columns, rotation=90)
        plot.set_yticks(range(len(classes)), classes)
        plot.set(xlabel="predicted as", ylabel="true class")
        plot.set_title("% of the pixels of each true class", fontsize="medium")
        label_size = min(8, 60 * side / len(columns))
        plot.tick_params(length=0, labelsize=label_size)
        if len(classes) <= MAX_ANNOTATED:
            _annotate(plot, percent)
        _write(sheet, path)


def _families() -> list[str]:
    """Names of fonts for any script, as far as they are installed."""
    installed = set(font_manager.get_font_names())
    return [name for name in _FONTS if name in installed] or ["sans-serif"]


def _annotate(plot: Axes, percent: np.ndarray) -> None:
    """Writes values of 0.5 % and more into their cells."""
    for row, column in zip(*np.nonzero(percent >= 0.5), strict=True):
        value = percent[row, column]
        colour = "white" if value > 45 else "black"
        style = {"ha": "center", "va": "center", "size": 7, "color": colour}
        plot.text(column, row, f"{value:.0f}", **style)


def _write(sheet: figure.Figure, path: artifacts.Path) -> None:
    content = io.BytesIO()
    with warnings.catch_warnings():
        # Signs that no font has are drawn as boxes.
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        sheet.savefig(content, format="png", dpi=110)
    artifacts.write_bytes(path, content.getvalue())


def _points(curve: Mapping) -> tuple[list[float], list[float]]:
    return _with_gaps(curve["recall"]), _with_gaps(curve["precision"])


def _with_gaps(values: list) -> list[float]:
    """Replaces None by nan, which leaves a gap in the curve."""
    return [float("nan") if value is None else value for value in values]
