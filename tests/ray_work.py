"""Work that an actor does without TensorFlow: files that follow from a name.

Some images behave badly: see `Bad`. Run as a program it is a driver:
  python ray_work.py ADDRESS FOLDER
"""

import dataclasses
import functools
import os
import pathlib
import signal
import sys
import time

import numpy as np

from guided_segmentation import artifacts, engines
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

IDS = tuple(f"image_{index:02d}" for index in range(24))


@dataclasses.dataclass(frozen=True)
class Bad:
    """Images that behave badly.

    Attributes:
      broken: Raises the error of an unreadable photograph.
      mistaken: Raises the error of a mistake of the program.
      kills_once: Kills its process the first time, as the kernel does when
        memory runs out.
      kills: Kills its process each time.
    """

    broken: str = ""
    mistaken: str = ""
    kills_once: str = ""
    kills: str = ""


def label_map(image_id):
    """[20, 30] uint8, a different one for each image."""
    rng = np.random.default_rng(list(image_id.encode()))
    return rng.integers(0, 20, (20, 30)).astype(np.uint8)


def source(image_ids=IDS):
    return schema.Source(
        name="drawn", image_ids=tuple(image_ids), image=label_map
    )


def write_all(folder, bad, seconds, images):
    """Writes the missing label maps of a source, slowly."""
    for image_id in artifacts.missing(images.image_ids, folder):
        time.sleep(seconds)
        _behave_badly(pathlib.Path(folder), image_id, bad)
        path = pathlib.Path(folder, f"{image_id}.png")
        artifacts.write_label_map(path, label_map(image_id))


def _behave_badly(folder, image_id, bad):
    if image_id == bad.broken:
        raise InputError(f"image {image_id!r} is unreadable")
    if image_id == bad.mistaken:
        raise TypeError("an unforeseen shape")
    mark = folder.with_name("killed")
    if image_id == bad.kills or (
        image_id == bad.kills_once and not mark.exists()
    ):
        with mark.open("a") as file:
            print(image_id, os.getpid(), file=file, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def opened(folder, bad=None, seconds=0.0):
    """Returns what makes blocks; called in each actor."""
    make = functools.partial(write_all, folder, bad or Bad(), seconds)
    return engines.BlockMaker(
        engines.Work(source(), make),
        lambda error: f"{type(error).__name__}: {error}",
    )


def opener(folder, bad=None, seconds=0.0):
    return functools.partial(opened, str(folder), bad, seconds)


if __name__ == "__main__":
    address, folder = sys.argv[1:]
    engines.make(
        # By reference: `__main__` is another module in an actor.
        __import__("ray_work").opener(folder, seconds=0.3),
        IDS,
        engines.Cluster(address=address),
    )
