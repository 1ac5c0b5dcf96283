"""How a file or folder was made, and from what: settings.json and digests.

A training run records one digest of each input in its settings.json. A folder
of maps records those of each image in inputs.json, so that images may be added
to it.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

SETTINGS_FILE = "settings.json"
INPUTS_FILE = "inputs.json"
_UNCHECKED = ("versions", "command", "resumed")  # May differ when resumed.
_CHUNK_BYTES = 2**20
_SAMPLE_BYTES = 2**16  # Read at either end of a photograph.
_DIGITS = 16  # Of a digest of one input; 64 bits.

# Digest of each image's part of an input, such as its seeds: by name of the
# input, then by image id.
Inputs = Mapping[str, Mapping[str, str]]


def record_or_check(
    folder: artifacts.Path,
    settings: Mapping,
    *,
    is_begun: bool = True,
    is_finished: bool = False,
) -> None:
    """Writes settings.json, or checks that an existing one says the same.

    The file keeps the versions and the command of the run that made it. A run
    that is resumed by another command or other versions adds these to the list
    "resumed".

    Args:
      folder: Created if it does not exist.
      settings: How the content of the folder is made. The values of
        "versions" and "command" may differ from those in the file.
      is_begun: Whether `folder` already holds results made with the settings
        in the file. If not, as after a run that failed at once, the file is
        replaced.
      is_finished: Whether these results are complete: the file stays as it is.

    Raises:
      InputError: If `folder` holds results made with other settings, or from
        inputs whose content changed.
    """
    path = artifacts.to_path(folder, SETTINGS_FILE)
    if not is_begun or not path.exists():
        artifacts.write_json(path, settings)
        return
    recorded = artifacts.read_json(path)
    _check_equal(recorded, settings, folder)
    now = {key: settings[key] for key in _UNCHECKED if key in settings}
    before = [recorded, *recorded.get("resumed", [])]
    if is_finished or all(before[-1].get(key) == now[key] for key in now):
        return
    resumed = [*before[1:], now]
    artifacts.write_json(path, {**recorded, "resumed": resumed})


def record_or_check_maps(
    folder: artifacts.Path,
    settings: Mapping,
    inputs: Inputs | None = None,
    suffix: str = ".png",
) -> None:
    """Does `record_or_check` for a folder of maps, one file per image.

    Maps without a settings.json beside them were made elsewhere. They are
    accepted as they are, and nothing is recorded.

    Args:
      folder: Folder of <image_id>.png.
      settings: How the maps are made.
      inputs: What they are made from, in inputs.json.
      suffix: End of the name of each map.

    Raises:
      InputError: If `folder` holds maps made with other settings, or maps of
        images whose inputs changed since.
    """
    root = artifacts.to_path(folder)
    is_begun = any(root.rglob(f"*{suffix}"))
    if is_begun and not (root / SETTINGS_FILE).exists():
        return
    record_or_check(folder, settings, is_begun=is_begun)
    record_or_check_inputs(folder, inputs or {}, suffix)


def record_or_check_inputs(
    folder: artifacts.Path, inputs: Inputs, suffix: str = ".png"
) -> None:
    """Adds to inputs.json, or checks that it says the same of existing maps.

    Args:
      folder: Folder of <image_id>.png.
      inputs: What the maps are made from.
      suffix: End of the name of each map.

    Raises:
      InputError: If `folder` holds maps of images whose inputs changed since.
    """
    path = artifacts.to_path(folder, INPUTS_FILE)
    recorded = artifacts.read_json(path) if path.exists() else {}
    merged = {**recorded}
    for name, digests in inputs.items():
        known = recorded.get(name, {})
        changed = [
            image_id
            for image_id, now in digests.items()
            if known.get(image_id, now) != now
            and (path.parent / f"{image_id}{suffix}").exists()
        ]
        if changed:
            raise InputError(
                f"{folder}: the {name} of {len(changed)} images changed since "
                f"it was made, the first is {changed[0]!r}; choose another "
                f"folder, or delete the files of these images"
            )
        merged[name] = {**known, **digests}
    if merged != recorded:
        artifacts.write_json(path, merged)


def combined(inputs: Inputs) -> dict[str, str]:
    """Returns one digest of each input, for the settings of a training run."""
    return {
        name: digest(sorted(by_image.items()))
        for name, by_image in inputs.items()
    }


def digest(content: Any) -> str:
    """Returns a short digest of bytes, or of anything by its `repr`."""
    data = content if isinstance(content, bytes) else repr(content).encode()
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def file_digests(
    image_ids: Iterable[str], folder: artifacts.Path, suffix: str = ".png"
) -> dict[str, str]:
    """Returns a digest of the content of each image's file in a folder.

    Args:
      image_ids: Of the images.
      folder: Folder of <image_id><suffix>.
      suffix: End of the names.

    Returns:
      By image id; "" where there is no file.
    """
    image_ids = tuple(image_ids)
    paths = [f"{folder}/{image_id}{suffix}" for image_id in image_ids]
    found = artifacts.map_files(file_digest, paths)
    return dict(zip(image_ids, found, strict=True))


def file_digest(path: artifacts.Path) -> str:
    """Returns a short digest of a file's content; "" if there is no file.

    A file is read again only if its size or time of change differs.
    """
    try:
        found = artifacts.state(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return _read_digest(str(path), *found)


def sampled_digest(path: artifacts.Path) -> str:
    """Returns a short digest of a large file's size, beginning and end.

    It reads 64 KiB at either end, so most photographs whole: ten thousand take
    1.2 s. An edited JPEG or PNG differs at least at its end, even if its size
    is the same. A change in the middle alone of a large uncompressed file (BMP,
    TIFF) goes unnoticed if the size stays.

    A file is read again only if its size or time of change differs.

    Raises:
      FileNotFoundError: If there is no file.
    """
    return _sample(str(path), *artifacts.state(path))


@functools.lru_cache(maxsize=2**18)
def _sample(path: str, size: int, changed: int | str) -> str:
    ends = artifacts.read_ends(path, size, _SAMPLE_BYTES)
    return digest(f"{size} ".encode() + ends)


@functools.lru_cache(maxsize=2**18)
def _read_digest(path: str, size: int, changed: int | str) -> str:
    return sha256(path)[:_DIGITS]


def sha256(path: artifacts.Path) -> str:
    """Returns the SHA-256 digest of a file as hexadecimal digits."""
    file_path = artifacts.to_path(path)
    if artifacts.is_url(file_path):
        return hashlib.sha256(file_path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    with file_path.open("rb") as file:
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
        if before.get(key) == now.get(key):
            continue
        name, _, part = key.partition(".")
        if name == "inputs" and key in before and key in now:
            raise InputError(
                f"{folder} was made from other {part}: their content changed "
                f"since; choose another folder, or delete this one"
            )
        raise InputError(
            f"{folder} was begun with {key} = {before.get(key)!r}, now it is "
            f"{now.get(key)!r}; choose another folder, or delete this one"
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
