"""Names of objects in one cell of a table, which users write by hand."""

import re
from collections.abc import Collection, Iterator

_QUOTED = re.compile(r"""(?<!\w)(["'])(.+?)\1(?!\w)""")
_SEPARATORS = re.compile("[,;|]")


def split_names(cell: str, known: Collection[str] = ()) -> list[str]:
    """Splits the names of objects in one cell.

    Commas, semicolons or bars separate names, which may then be of several
    words. Without them spaces do, and a name of several words is quoted or
    known.

    Args:
      cell: The text, without the quotes of the CSV.
      known: Names of several words that may stand without quotes.

    Example:
      >>> split_names("cat dog"), split_names("traffic light; dog")
      (['cat', 'dog'], ['traffic light', 'dog'])
      >>> split_names("'traffic light' dog"), split_names("a b c", ["a b"])
      (['traffic light', 'dog'], ['a b', 'c'])
    """
    names: list[str] = []
    for part, is_quoted in _parts(cell):
        if is_quoted:
            names.append(part)
        elif _SEPARATORS.search(cell):
            for name in _SEPARATORS.split(part):
                is_known = not known or name.strip() in known
                names += [name] if is_known else _words(name, known)
        else:
            names += _words(part, known)
    return [name.strip() for name in names if name.strip()]


def _parts(cell: str) -> Iterator[tuple[str, bool]]:
    """Yields quoted and other parts of a cell, and whether they are quoted."""
    end = 0
    for quoted in _QUOTED.finditer(cell):
        yield cell[end : quoted.start()], False
        yield quoted.group(2), True
        end = quoted.end()
    yield cell[end:], False


def _words(text: str, known: Collection[str]) -> list[str]:
    """Splits at spaces, but not within known names; longer ones first."""
    phrases = sorted((n for n in known if " " in n), key=len, reverse=True)
    pattern = "|".join([*map(re.escape, phrases), r"\S+"])
    return re.findall(rf"(?<!\S)(?:{pattern})(?!\S)", text)
