"""The line that tells how a stage goes."""

import shutil
import sys


class ProgressLine:
    """The one line of a stage on stderr; on a terminal it changes with time.

    Elsewhere, as in a file, only its beginning and its end are written.
    """

    def __init__(self, title: str):
        self.title = title
        self.is_terminal = sys.stderr.isatty()
        self._print("" if self.is_terminal else f"{title}  ")

    def show(self, text: str) -> None:
        """Replaces what follows the title, on a terminal only."""
        if self.is_terminal:
            width = shutil.get_terminal_size().columns
            self._print(f"\r\x1b[K{f'{self.title}  {text}'[: width - 1]}")

    def end(self, text: str) -> None:
        """Writes the final form of the line."""
        start = f"\r\x1b[K{self.title}  " if self.is_terminal else ""
        self._print(f"{start}{text}\n")

    @staticmethod
    def _print(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)
