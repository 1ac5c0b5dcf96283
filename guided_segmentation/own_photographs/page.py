"""The page that shows every photograph with what was made of it."""

import pathlib

from guided_segmentation.own_photographs import stages
from guided_segmentation.own_photographs.job import Job


def write(todo: Job, command: str) -> pathlib.Path:
    """Writes index.html.

    Args:
      todo: What was done.
      command: The call.

    Returns:
      The path of the page.
    """
    path = todo.request.output_dir / "index.html"
    del command
    return path


def layers(todo: Job) -> dict[str, pathlib.Path]:
    """Returns the folders of what the page shows over photographs.

    Args:
      todo: What was done.
    """
    out = todo.request.output_dir
    found = {
        "seeds": out / "seeds",
        "saliency": out / stages.saliency_maps(todo.settings, todo.digest),
        "guide": out / "guides",
        "mask": out / "masks",
    }
    if not todo.settings.has_seeder:
        del found["seeds"]
    return found


def notes(todo: Job) -> dict[str, str]:
    """Returns why photographs are marked, by image id.

    Args:
      todo: What was done.
    """
    if todo.settings.has_seeder:
        return {}
    several = "several tags: not learned from"
    one = "guide is saliency with the tag (G0)"
    return {
        image_id: one if len(each.tags) == 1 else several
        for image_id, each in todo.photographs.by_id.items()
        if each.tags
    }
