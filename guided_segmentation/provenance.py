"""How a file or folder was made: settings.json and digests."""

import hashlib
import pathlib

from guided_segmentation import artifacts

SETTINGS_FILE = "settings.json"
_PASSING = ("versions", "command")  # What may change while a run lasts.


def record_or_check(
    folder: artifacts.Path, settings: dict, *, is_begun: bool = True
) -> None:
    """Writes settings.json, or checks that it says the same already.

    Args:
      folder: Made if need be.
      settings: How what is in there is made. "versions" and "command" may
        differ.
      is_begun: Whether something was made under the settings that are there.
        If not, as after a call that failed at once, they are replaced.

    Raises:
      ValueError: If `folder` was begun under other settings.
    """
    path = pathlib.Path(folder) / SETTINGS_FILE
    if is_begun and path.exists():
        before, now = _flat(artifacts.read_json(path)), _flat(settings)
        for key in sorted(before.keys() | now.keys()):
            if key.partition(".")[0] in _PASSING:
                continue
            if before.get(key) != now.get(key):
                raise ValueError(
                    f"{folder} was begun with {key} = {before.get(key)!r}, "
                    f"now it is {now.get(key)!r}; choose another folder, or "
                    f"delete this one"
                )
    artifacts.write_json(path, settings)


def record_or_check_maps(folder: artifacts.Path, settings: dict) -> None:
    """Claims a folder of PNGs, so that others are not taken for these.

    Maps from elsewhere, beside which there is no settings.json, are left as
    they are: whoever put them there wants them used.

    Args:
      folder: Of <image_id>.png.
      settings: How these are made.

    Raises:
      ValueError: If `folder` holds maps that were made otherwise.
    """
    folder = pathlib.Path(folder)
    is_begun = any(folder.glob("*.png"))
    if not is_begun or (folder / SETTINGS_FILE).exists():
        record_or_check(folder, settings, is_begun=is_begun)


def _flat(settings, prefix=""):
    """{"a": {"b": 1}} -> {"a.b": 1}, with JSON's types."""
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            value = list(value) if isinstance(value, tuple) else value
            flat[f"{prefix}{key}"] = value
    return flat


def sha256(path: artifacts.Path) -> str:
    """Returns the sha256 of a file, in hexadecimal digits."""
    with pathlib.Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
