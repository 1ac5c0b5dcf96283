"""Mean margins of images, in a CSV file beside their label maps."""

import contextlib
import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from guided_segmentation import artifacts

MARGINS_FILE = "margins.csv"
_HEADER = ("image_id", "mean_margin")
_SECONDS = 30  # Between two versions of the file at a URL.


class MarginsFile:
    """The mean margin of each image, kept while label maps are made.

    Rows are appended, so that a run that is stopped loses none. `close` sorts
    them. At a URL, where nothing can be appended, the file is written anew
    every half minute: a run that is killed loses the margins since then.
    """

    def __init__(self, folder: artifacts.Path):
        """Reads what an earlier run left.

        Args:
          folder: Folder of the label maps.
        """
        self._path = artifacts.to_path(folder, MARGINS_FILE)
        self._margins = read_margins(folder)
        self._written = time.monotonic()
        self.close()  # A row that is incomplete must not be appended to.

    def add(self, image_id: str, mean_margin: float) -> None:
        """Appends the margin of one image, or replaces it.

        Args:
          image_id: Of the image.
          mean_margin: Mean over its pixels, 0 to 1.
        """
        if artifacts.is_url(self._path):
            self._margins[image_id] = round(mean_margin, 6)
            if time.monotonic() - self._written > _SECONDS:
                self.close()
            return
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        rows = [_HEADER] if is_new else []
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(_text([*rows, (image_id, f"{mean_margin:.6f}")]))
        self._margins[image_id] = round(mean_margin, 6)

    def close(self) -> None:
        """Writes the file anew: sorted, each image once."""
        self._written = time.monotonic()
        rows = sorted(self._margins.items())
        if not rows:
            return
        lines = [(image_id, f"{margin:.6f}") for image_id, margin in rows]
        artifacts.write_bytes(self._path, _text([_HEADER, *lines]).encode())


@contextlib.contextmanager
def margins_to(
    folders: Iterable[artifacts.Path],
) -> Iterator[Callable[[str, float], None]]:
    """Yields a function that writes the mean margin of an image to margins.csv.

    Args:
      folders: Folders of label maps, each with its file.

    Yields:
      A function of image id and mean margin.
    """
    with contextlib.ExitStack() as stack:
        files = [
            stack.enter_context(contextlib.closing(MarginsFile(folder)))
            for folder in folders
        ]

        def add(image_id: str, mean_margin: float) -> None:
            for file in files:
                file.add(image_id, mean_margin)

        yield add


def read_margins(folder: artifacts.Path) -> dict[str, float]:
    """Reads the mean margins beside label maps.

    Rows that a killed run left incomplete are passed over; of two rows of an
    image the later one counts.

    Args:
      folder: Folder of the label maps.

    Returns:
      Mean margins by image id; none if there is no file.

    Raises:
      ValueError: If the file is not UTF-8.
    """
    path = artifacts.to_path(folder, MARGINS_FILE)
    if not path.exists():
        return {}
    found = {}
    text = artifacts.read_text(path)
    complete = text[: text.rfind("\n") + 1]
    for row in csv.reader(io.StringIO(complete, newline="")):
        with contextlib.suppress(ValueError):
            image_id, margin = row
            found[image_id] = float(margin)
    return found


def _text(rows: Iterable[Sequence[str]]) -> str:
    """Returns rows as CSV; cells with commas or quotes are quoted."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
