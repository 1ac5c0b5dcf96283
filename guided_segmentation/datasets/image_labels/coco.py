"""Image-level labels from the annotations of COCO's JSON.

Source: "Data format" of cocodataset.org.
"""

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels.rows import Rows, field
from guided_segmentation.errors import InputError


def read(path: artifacts.Path) -> Rows:
    """Reads which categories are annotated in each image.

    Args:
      path: An instances file. An image without annotations has no objects.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it has another format, or an annotation names an image or
        a category that the file lacks.
    """
    content = artifacts.read_json(path)
    images, names = (
        _by_id(content, path, "images", "file_name"),
        _by_id(content, path, "categories", "name"),
    )
    found: dict[object, dict[str, None]] = {each: {} for each in images}
    for annotation in field(content, "annotations", list, str(path)):
        image, category = (
            annotation.get("image_id"),
            annotation.get("category_id"),
        )
        if image not in images or category not in names:
            raise InputError(
                f"{path}: annotation {annotation.get('id')!r} is of image "
                f"{image!r} and category {category!r}, wanted some of its "
                f"images and categories"
            )
        found[image][names[category]] = None
    return [(images[each], list(objects)) for each, objects in found.items()]


def _by_id(
    content: object, path: artifacts.Path, part: str, name: str
) -> dict[object, str]:
    return {
        each.get("id"): field(each, name, str, f"{path}: {part}")
        for each in field(content, part, list, str(path))
    }
