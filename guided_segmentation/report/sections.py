"""Sections that hold one table of scores or one picture."""

from collections.abc import Sequence

import markupsafe

from guided_segmentation.report import templates


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> markupsafe.Markup:
    """Returns a table as HTML.

    Args:
      header: Titles of the columns.
      rows: Cells, as many in every row as there are columns.
      note: What to know when reading the table; shown below it.
    """
    return templates.render(
        "report/templates/table.html.jinja", header=header, rows=rows, note=note
    )


def picture(title: str, png: bytes) -> markupsafe.Markup:
    """Returns a picture as HTML.

    Args:
      title: Text for readers who cannot see the picture.
      png: The PNG file.
    """
    return templates.render(
        "report/templates/picture.html.jinja",
        title=title,
        source=templates.data_uri("png", png),
    )
