"""The classes and their colours, as a picture and as text."""

import html

from guided_segmentation import artifacts, labels

_ROW_PX = 24
_LETTER_PX = 9  # Wide enough for most letters of the font.
_MAX_SHOWN = 30


def write(path: artifacts.Path, label_set: labels.LabelSet) -> None:
    """Writes a legend of the objects as an SVG, which shows any script.

    Args:
      path: The file.
      label_set: The classes.
    """
    height = _ROW_PX * label_set.num_objects + 8
    width = 50 + _LETTER_PX * (5 + max(map(len, label_set.objects)))
    rows = "".join(
        f'<rect x="8" y="{y + 5}" width="18" height="18" rx="3" '
        f'fill="{colour}" stroke="#767676"/>'
        f'<text x="36" y="{y + 19}">{index} {html.escape(name)}</text>'
        for y, (index, name, colour) in zip(
            range(0, height, _ROW_PX), _items(label_set), strict=False
        )
    )
    artifacts.write_bytes(
        path,
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="14">'
            f'<rect width="100%" height="100%" fill="#fff"/>{rows}</svg>\n'
        ).encode(),
    )


def line(label_set: labels.LabelSet) -> str:
    """Returns the objects with index and colour as one line of text.

    Args:
      label_set: The classes; of many, the first are named.

    Example:
      >>> line(labels.LabelSet(("cat", "dog")))
      'classes: 1 cat #800000, 2 dog #008000; 0 is the background'
    """
    shown = [" ".join(map(str, each)) for each in _items(label_set)]
    rest = ["..."] if len(shown) > _MAX_SHOWN else []
    named = ", ".join([*shown[:_MAX_SHOWN], *rest])
    return f"classes: {named}; 0 is the background"


def _items(label_set: labels.LabelSet) -> list[tuple[int, str, str]]:
    """Returns class index, name and colour of each object."""
    colours = labels.palette().tolist()
    return [
        (index, name, "#{:02x}{:02x}{:02x}".format(*colours[index]))
        for index, name in enumerate(label_set.objects, 1)
    ]
