"""Figures of the paper, drawn from the scores of runs."""

import io
from collections.abc import Mapping

from matplotlib import figure

from guided_segmentation import artifacts

_PANELS = {"fg": "(a) Foreground classes", "bg": "(b) Background"}


def seed_curves(scores: Mapping[str, Mapping], path: artifacts.Path) -> None:
    """Draws Figure 3: precision-recall curves of seeds, in two panels.

    Args:
      scores: By name of seeder what evaluation.seed_curves.evaluate returns.
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
    """Draws precision-recall curves of saliency, dotted at half the maximum.

    Args:
      scores: By name of the maps "curve" as evaluation.saliency_curves.curve
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


def _write(sheet: figure.Figure, path: artifacts.Path) -> None:
    content = io.BytesIO()
    sheet.savefig(content, format="png", dpi=110)
    artifacts.write_bytes(path, content.getvalue())


def _points(curve: Mapping) -> tuple[list[float], list[float]]:
    return _plotted(curve["recall"]), _plotted(curve["precision"])


def _plotted(values: list) -> list[float]:
    """A gap in the curve, nan, for each None."""
    return [float("nan") if value is None else value for value in values]
