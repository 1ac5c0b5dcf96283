"""Draws README's picture: photographs with seeds, saliency, guide and mask.

Source of the photographs: scikit-image's data, see docs/results.md.
"""

import pathlib

from absl import app, flags

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import folder
from guided_segmentation.saliency import detector

FOLDERS = {
    name: flags.DEFINE_string(
        f"{name}_dir", None, f"Folder of {what}.", required=True
    )
    for name, what in {
        "data": "photographs",
        "seeds": "seeds, from bin/make_seeds",
        "saliency": "saliency maps, from bin/make_saliency",
        "guides": "guides, from bin/make_guides",
        "masks": "masks, from bin/segment_images",
    }.items()
}
TAGS = flags.DEFINE_string("tags", None, "CSV of tags.", required=True)
OUTPUT = flags.DEFINE_string("output", None, "The PNG.", required=True)
HEIGHT_PX = 150  # Of each picture.


def main(argv: list[str]) -> None:
    """Draws a row for each photograph."""
    del argv
    source = folder.source(FOLDERS["data"].value, f"csv:{TAGS.value}")
    sheet = visualize.contact_sheet(
        [row(source, image_id) for image_id in source.image_ids], HEIGHT_PX
    )
    artifacts.write_image(OUTPUT.value, sheet)


def row(source, image_id):
    """Returns the pictures of one photograph by caption."""
    image = source.image(image_id)
    present = source.image_labels(image_id).nonzero()[0]
    tags = ", ".join(source.label_set.objects[index] for index in present)

    def path(name):
        return pathlib.Path(FOLDERS[name].value) / f"{image_id}.png"

    maps = {
        name: artifacts.read_label_map(path(name))
        for name in ("seeds", "guides", "masks")
    }
    saliency_map = detector.read_relative(path("saliency"))
    return {
        f"tags: {tags}": image,
        "seeds": visualize.overlay(image, maps["seeds"]),
        "saliency": visualize.heat(image, saliency_map),
        "guide G2": visualize.overlay(image, maps["guides"]),
        "mask": visualize.overlay(image, maps["masks"]),
    }


if __name__ == "__main__":
    app.run(main)
