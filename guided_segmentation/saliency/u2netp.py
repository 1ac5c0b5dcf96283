"""U2NETP: a small published salient-object network, downloaded once.

Its authors trained it on the pixel masks of DUTS: stronger supervision than
the boxes of this method, to be stated beside every result. The weights are
under the Apache License 2.0.

Source: Qin et al., "U2-Net: going deeper with nested U-structure for salient
object detection", Pattern Recognition 2020; the ONNX file of rembg.
"""

import hashlib
import pathlib

from guided_segmentation import artifacts, extras, user_cache

URL = (
    "https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx"
)
MD5 = "8e83ca70e441ab06c318d82300c84806"


def download() -> pathlib.Path:
    """Returns the path of the file, downloading it unless it is there.

    Raises:
      OSError: If the download fails, or gives another file.
      ValueError: If pooch is not installed.
    """
    path = user_cache.path("u2netp.onnx")
    if path.is_file() and is_file(path):
        return path
    pooch = extras.imported("pooch", "saliency", "--saliency=u2netp")
    try:
        pooch.retrieve(URL, f"md5:{MD5}", fname=path.name, path=path.parent)
    except Exception as error:  # Of requests, pooch and the file system.
        raise OSError(
            f"cannot download u2netp ({error}); fetch {URL} yourself and give "
            f"--saliency=onnx:PATH, or put it at {path}"
        ) from error
    return path


def is_file(path: artifacts.Path) -> bool:
    """Returns whether a file has the published checksum."""
    content = pathlib.Path(path).read_bytes()
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5
