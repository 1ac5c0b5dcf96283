"""Label maps in the formats of other tools.

Every connected region of a class becomes an instance. COCO's run lengths are
exact. Polygons, for labelme and YOLO, have no holes: a hole is joined to the
outline by a bridge of two equal lines, so that tools that fill the polygon by
the even-odd rule leave it out.
"""

from guided_segmentation.exports.formats import KINDS, write

__all__ = ["KINDS", "write"]
