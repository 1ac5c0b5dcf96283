"""Area limits, in pixels or as a fraction of the image."""

import re

from guided_segmentation.errors import InputError


class Area(str):
    """An area as flags name it: `25px`, or `0.01` of the image.

    It is text, so that settings.json records it as the flag takes it.

    >>> Area("25px").in_pixels(480 * 640)
    25.0
    >>> Area("0.01").in_pixels(480 * 640)
    3072.0

    Raises:
      ValueError: If the text is neither a whole number of pixels nor a
        fraction from 0 up to, but not including, 1.
    """

    def __new__(cls, text: str) -> "Area":
        """Checks the text."""
        if re.fullmatch(r"\d+px", text):
            return super().__new__(cls, f"{int(text[:-2])}px")
        if re.fullmatch(r"0*(\.\d+|0\.?)|0+\.\d+", text):
            return super().__new__(cls, f"{float(text):.12g}")
        raise InputError(
            f"wanted an area in whole pixels such as 25px, or as a fraction "
            f"of the image from 0 to below 1 such as 0.01; found {text!r}"
        )

    def in_pixels(self, num_pixels: int) -> float:
        """Returns the area in pixels.

        Args:
          num_pixels: Area of the image.
        """
        if self.endswith("px"):
            return float(self[:-2])
        return float(self) * num_pixels
