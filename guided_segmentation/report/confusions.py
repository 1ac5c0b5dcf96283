"""The confusion matrices that bin/evaluate_segmenter drew."""

import base64
from collections.abc import Mapping

from guided_segmentation.report import legend

_FIRST = ("g2", "full_supervision")  # The others are folded away.


def to_html(pictures: Mapping[str, bytes]) -> str:
    """Returns the matrices of segmenters side by side.

    Args:
      pictures: PNG by name of guide.

    Returns:
      HTML, empty if there are none.
    """
    first = {guide: pictures[guide] for guide in _FIRST if guide in pictures}
    others = {name: pictures[name] for name in pictures if name not in first}
    if not first:
        return _sheet(others) if others else ""
    folded = (
        f"<details><summary>The other segmenters</summary>{_sheet(others)}"
        f"</details>"
    )
    return f"{_sheet(first)}{folded if others else ''}"


def _sheet(pictures: Mapping[str, bytes]) -> str:
    cells = "".join(
        f"<figure><b>{legend.NAMES[guide]}</b><img alt='Confusion of "
        f"{legend.NAMES[guide]}' src='data:image/png;base64,"
        f"{base64.b64encode(content).decode()}'></figure>"
        for guide, content in pictures.items()
    )
    return f"<div class=matrices>{cells}</div>"
