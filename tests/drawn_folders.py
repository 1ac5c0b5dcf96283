"""A folder of drawn photographs, with masks and tags, and faults in it."""

import pathlib

import numpy as np
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import layouts, synthetic

OBJECTS = synthetic.LABEL_SET.objects
NUM_IMAGES = {"train": 24, "val": 16}


class DrawnFolder:
    """Photographs in train/ and val/, masks of the same names, and tags.csv."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.photos = self.root / "photos"
        self.masks = self.root / "masks"
        self.tags = self.root / "tags.csv"

    def draw(self):
        """Writes all files, none of which has a fault."""
        lines = ["image_id,labels"]
        for split, count in NUM_IMAGES.items():
            source = synthetic.source(split, num_images=count)
            for index, image_id in enumerate(source.image_ids):
                name = f"{split}/{index:02}"
                path = self.photos / f"{name}.jpg"
                layouts.write_photograph(path, source.image(image_id))
                label_map = source.label_map(image_id)
                artifacts.write_label_map(self.masks / f"{name}.png", label_map)
                lines.append(f"{name},{';'.join(shown(label_map))}")
        self.tags.write_text("\n".join(lines) + "\n")
        (self.photos / "class_names.txt").write_text("\n".join(OBJECTS))
        return self

    def photo(self, name):
        return self.photos / f"{name}.jpg"

    def mask(self, name):
        return self.masks / f"{name}.png"

    def image(self, name):
        return Image.open(self.photo(name)).convert("RGB")

    def write_mask(self, name, values):
        artifacts.write_label_map(self.mask(name), np.asarray(values, np.uint8))

    def label_map(self, name):
        return artifacts.read_label_map(self.mask(name))

    def shown(self, name):
        """Names of the objects in the mask of an image."""
        return shown(self.label_map(name))

    def tag(self, name, *objects):
        """Writes the tags of an image, new or not; None removes its line."""
        lines = self.tags.read_text().splitlines()
        lines = [line for line in lines if not line.startswith(f"{name},")]
        if objects != (None,):
            lines.append(f"{name},{';'.join(objects)}")
        self.tags.write_text("\n".join(lines) + "\n")

    def copy(self, name, other, scale=None):
        """Writes picture, mask and tags of an image over those of another.

        Args:
          name: The image.
          other: The other.
          scale: If given, the picture is resized and compressed again.
        """
        label_map = Image.fromarray(self.label_map(name))
        if scale is None:
            self.photo(other).write_bytes(self.photo(name).read_bytes())
        else:
            size = [round(scale * side) for side in label_map.size]
            self.image(name).resize(size).save(self.photo(other), quality=60)
            label_map = label_map.resize(size, Image.Resampling.NEAREST)
        self.write_mask(other, label_map)
        self.tag(other, *shown(np.asarray(label_map)))


def shown(label_map):
    """Names of the objects in a label map."""
    present = labels.present(label_map, len(OBJECTS))
    return [
        name
        for name, is_there in zip(OBJECTS, present, strict=True)
        if is_there
    ]
