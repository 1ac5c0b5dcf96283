"""The confusion matrices that bin/evaluate_segmenter drew."""

from collections.abc import Mapping

import markupsafe

from guided_segmentation.report import legend, templates

_FIRST = ("g2", "full_supervision")  # The others are collapsed.


def to_html(pictures: Mapping[str, bytes]) -> markupsafe.Markup:
    """Returns the matrices of segmenters side by side.

    Args:
      pictures: PNG files by name of guide.

    Returns:
      HTML, empty if there are none.
    """
    matrices = {
        guide: {
            "name": legend.NAMES[guide],
            "source": templates.data_uri("png", content),
        }
        for guide, content in pictures.items()
    }
    first = [matrices.pop(guide) for guide in _FIRST if guide in matrices]
    others = list(matrices.values())
    return templates.render(
        "report/templates/confusions.html.jinja",
        shown=first or others,
        collapsed=others if first else [],
    )
