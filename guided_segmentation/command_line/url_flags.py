"""Which flags of a binary may be URLs; all others refuse them.

Without the refusal a URL such as s3://bucket/seeds would become a local folder
named "s3:".
"""

import re
from collections.abc import Container, Iterable

from absl import flags

from guided_segmentation.errors import InputError

_NO_FILES = ("ray_address",)  # Such as ray://host:10001.
_URL = re.compile(r"(?:^|:)\w[\w+.-]*://")  # Also after "csv:".
_COPY = "give a local one and copy what is there"
_REMEDIES = {
    "work_dir": "train in a local folder and copy that when it is finished"
}


def check(accepted: Container[str], arguments: Iterable[str] = ()) -> None:
    """Refuses URLs in flags that take local files and folders alone.

    Args:
      accepted: Names of the flags that may be URLs.
      arguments: Of the command line that are no flags.

    Raises:
      InputError: If another flag, or an argument, is a URL.
    """
    for name in flags.FLAGS:
        if name not in accepted and name not in _NO_FILES:
            _refuse(f"--{name}", flags.FLAGS[name].value, name)
    _refuse("photographs", list(arguments), "")


def _refuse(what: str, value: object, name: str) -> None:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _URL.search(text):
            raise InputError(
                f"{what}: wanted a local file or folder, found {text}; "
                f"{_REMEDIES.get(name, _COPY)} (docs/how_to/urls.md)"
            )
