"""What every reader of image-level labels returns."""

from typing import Any

from guided_segmentation.errors import InputError

# The text that names an image (an id, a file name or a path), and the names of
# its objects. An image may have several rows.
Rows = list[tuple[str, list[str]]]


def field(content: Any, name: str, kind: type, where: str) -> Any:
    """Returns a field of a JSON object.

    Args:
      content: Anything that JSON may hold.
      name: Of the field.
      kind: Type of its value.
      where: The file and the place in it, for the message.

    Raises:
      ValueError: If `content` has no such field, or one of another type.
    """
    value = content.get(name) if isinstance(content, dict) else None
    if not isinstance(value, kind):
        found = "none" if value is None else repr(value)[:80]
        raise InputError(
            f"{where}: wanted {name!r} ({kind.__name__}), found {found}; is "
            f"the file of another format?"
        )
    return value
