import numpy as np
from PIL import Image

from guided_segmentation.report import figures

CURVE = {"recall": [0.9, 0.5, None, 0.1], "precision": [0.4, 0.6, None, 1.0]}
OTHER = {"recall": [0.9, 0.5, 0.1], "precision": [0.1, 0.2, 0.3]}


def drawn(path, scores, draw=figures.seed_curves):
    draw(scores, path)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_a_figure_has_a_curve_for_every_seeder_in_both_panels(tmp_path):
    same = {"fg": CURVE, "bg": CURVE}
    one = drawn(tmp_path / "1.png", {"cam": same, "other": same})
    for area in ("fg", "bg"):
        scores = {
            "cam": same,
            "other": {**same, area: OTHER},
        }
        two = drawn(tmp_path / f"{area}.png", scores)
        changed = np.nonzero((one != two).any((0, 2)))[0]
        left = (changed < one.shape[1] * 0.5).mean()
        assert one.shape == two.shape
        assert len(changed) > 100
        assert (left > 0.1) == (area == "fg")


def test_a_confusion_matrix_is_darkest_where_most_of_a_row_is(tmp_path):
    def cells(*rows):
        """Mean level of each cell, by where the pixels of the frame are."""
        path = tmp_path / "a.png"
        figures.confusion_matrix(np.array(rows), ("sea", "sky"), path)
        levels = np.asarray(Image.open(path).convert("L")).astype(int)
        dark = np.nonzero((levels < 60).mean(axis=0) > 0.4)[0]
        flat = np.nonzero((levels < 60).mean(axis=1) > 0.4)[0]
        frame = levels[flat[0] : flat[-1], dark[0] : dark[-1]]
        columns = 2 + any(row[-1] for row in rows)
        return np.array(
            [
                [np.median(cell) for cell in np.array_split(row, columns, 1)]
                for row in np.array_split(frame, 2, 0)
            ]
        )

    whole = cells([9, 1, 0], [300, 700, 0])
    assert whole.shape == (2, 2)
    assert whole[0, 0] < whole[1, 1] < whole[1, 0] < whole[0, 1]
    np.testing.assert_array_equal(whole, cells([90, 10, 0], [3, 7, 0]))
    assert cells([9, 1, 1], [0, 0, 0]).shape == (2, 3)


def test_a_figure_has_a_curve_and_a_dot_for_every_folder_of_maps(tmp_path):
    maps = {"curve": CURVE, "precision": 0.6, "recall": 0.5}

    def changed(other):
        one, two = (
            drawn(
                tmp_path / "a.png",
                {"net": maps, "other": {**maps, **each}},
                figures.saliency_curves,
            )
            for each in ({}, other)
        )
        return (one != two).any(-1).sum()

    assert changed({}) == 0
    curve, dot, no_dot = (
        changed(other)
        for other in (
            {"curve": OTHER},
            {"recall": 0.2},
            {"precision": None, "recall": None},
        )
    )
    assert curve > 500
    assert 50 < no_dot < dot < 500
