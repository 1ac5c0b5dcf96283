import numpy as np

from guided_segmentation.datasets.scenes import shapes


def test_the_saliency_set_shares_no_outline_and_no_emblem_with_the_scenes():
    y, x = np.mgrid[-20:21, -20:21] / 20
    for kind, other in (
        (shapes.BODIES, shapes.OTHER_OUTLINES),
        ({n: e[0] for n, e in shapes.EMBLEMS.items()}, shapes.OTHER_EMBLEMS),
    ):
        ours = {pattern(x, y).tobytes() for pattern in kind.values()}
        theirs = {pattern(x, y).tobytes() for pattern in other.values()}
        assert len(ours | theirs) == len(kind) + len(other)
