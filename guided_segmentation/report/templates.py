"""Renders the HTML templates of the package with Jinja2.

Every value is escaped, except the Markup that `render` itself returns. A value
that a template uses but the caller does not give is an error.
"""

import base64
import functools

import jinja2
import markupsafe


def render(name: str, **values) -> markupsafe.Markup:
    """Fills in a template.

    Args:
      name: Path of the template below the folder guided_segmentation.
      **values: The variables of the template.

    Returns:
      HTML, which other templates take without escaping it again.

    Raises:
      jinja2.TemplateNotFound: If there is no such template.
      jinja2.UndefinedError: If the template uses a value that is not given.
    """
    return markupsafe.Markup(_environment().get_template(name).render(values))


def data_uri(image_type: str, content: bytes) -> str:
    """Returns an image file as a data URI.

    Args:
      image_type: "png" or "jpeg".
      content: The file.
    """
    text = base64.b64encode(content).decode()
    return f"data:image/{image_type};base64,{text}"


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("guided_segmentation", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
