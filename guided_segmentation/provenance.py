"""How a file or folder was made: settings.json and digests."""

import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any

from guided_segmentation import artifacts

SETTINGS_FILE = "settings.json"
_UNCHECKED = ("versions", "command")  # Keys that may change during a run.
_CHUNK_BYTES = 2**20


def record_or_check(
    folder: artifacts.Path, settings: Mapping, *, is_begun: bool = True
) -> None:
    """Writes settings.json, or checks that an existing one says the same.

    Args:
      folder: Created if it does not exist.
      settings: How the content of the folder is made. The values of
        "versions" and "command" may differ from those in the file.
      is_begun: Whether `folder` already holds results made with the settings
        in the file. If not, as after a run that failed at once, the file is
        replaced.

    Raises:
      ValueError: If `folder` holds results made with other settings.
    """
    path = pathlib.Path(folder) / SETTINGS_FILE
    if is_begun and path.exists():
        _check_equal(artifacts.read_json(path), settings, folder)
    artifacts.write_json(path, settings)


def record_or_check_maps(folder: artifacts.Path, settings: Mapping) -> None:
    """Does `record_or_check` for a folder of maps, one PNG per image.

    Maps without a settings.json beside them were made elsewhere. They are
    accepted as they are, and no settings are recorded.

    Args:
      folder: Folder of <image_id>.png.
      settings: How the maps are made.

    Raises:
      ValueError: If `folder` holds maps made with other settings.
    """
    folder = pathlib.Path(folder)
    is_begun = any(folder.glob("*.png"))
    if not is_begun or (folder / SETTINGS_FILE).exists():
        record_or_check(folder, settings, is_begun=is_begun)


def sha256(path: artifacts.Path) -> str:
    """Returns the SHA-256 digest of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with pathlib.Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _check_equal(
    recorded: Mapping, settings: Mapping, folder: artifacts.Path
) -> None:
    before, now = _flat(recorded), _flat(settings)
    for key in sorted(before.keys() | now.keys()):
        if key.partition(".")[0] in _UNCHECKED:
            continue
        if before.get(key) != now.get(key):
            raise ValueError(
                f"{folder} was begun with {key} = {before.get(key)!r}, "
                f"now it is {now.get(key)!r}; choose another folder, or "
                f"delete this one"
            )


def _flat(settings: Mapping, prefix: str = "") -> dict[str, Any]:
    """Turns {"a": {"b": 1}} into {"a.b": 1}, with the types of JSON."""
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            value = list(value) if isinstance(value, tuple) else value
            flat[f"{prefix}{key}"] = value
    return flat
