"""The page that shows every photograph with what was made of it."""

import dataclasses
import pathlib

import numpy as np

from guided_segmentation.datasets import schema
from guided_segmentation.own_photographs import stages
from guided_segmentation.own_photographs.job import Job
from guided_segmentation.report import photographs_page
from guided_segmentation.segmenter import margins_file


def write(todo: Job, command: str) -> pathlib.Path:
    """Writes index.html.

    Args:
      todo: What was done.
      command: The call.

    Returns:
      The path of the page.
    """
    out = todo.request.output_dir
    path = out / "index.html"
    photographs_page.write(
        path,
        source(todo),
        layers=layers(todo),
        margins=margins_file.read_margins(out / "masks"),
        notes=notes(todo),
        settings=dataclasses.asdict(todo.settings),
        command=command,
    )
    return path


def source(todo: Job) -> schema.Source:
    """Returns the photographs with the classes of the segmenter.

    Args:
      todo: What was done.
    """
    found = todo.photographs
    objects = found.label_set.objects

    def image_labels(image_id: str) -> np.ndarray:
        tags = found.by_id[image_id].tags
        return np.array([name in tags for name in objects])

    return dataclasses.replace(
        found.source,
        name=str(todo.request.data_dir),
        image_ids=tuple(found.by_id),
        image_labels=image_labels,
        label_set=found.label_set,
    )


def layers(todo: Job) -> dict[str, pathlib.Path]:
    """Returns the folders of what the page shows over photographs.

    Args:
      todo: What was done.
    """
    out = todo.request.output_dir
    found = {
        "seeds": out / "seeds",
        "saliency": out / stages.saliency_maps(todo.settings),
        "guide": out / "guides",
        "mask": out / "masks",
    }
    if not todo.settings.has_seeder:
        del found["seeds"]
    return found


def notes(todo: Job) -> dict[str, str]:
    """Returns why a person should look at photographs, by image id.

    Args:
      todo: What was done.
    """
    if todo.settings.has_seeder:
        return {}
    one = "learned from saliency with its tag (G0): too few photographs"
    several = "several tags and too few photographs: not learned from"
    return {
        image_id: one if len(each.tags) == 1 else several
        for image_id, each in todo.photographs.by_id.items()
        if each.tags
    }
