"""Where a binary's work on many images runs: in this process, or on Ray.

`Work` is what a binary does with the images of a source. The local engine
calls it once, with all images. `ray_data.make` calls it in actors on many
machines, with a few images at a time. Files have names that follow from the
image, and appear complete or not at all, so that an image that is made twice
leaves one file.
"""

from guided_segmentation.engines.blocks import BlockMaker, Row, Work
from guided_segmentation.engines.ray_data import Cluster, make

__all__ = ["BlockMaker", "Cluster", "Row", "Work", "make"]
