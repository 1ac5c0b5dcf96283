import base64
import re

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.report import masks_page
from guided_segmentation.saliency import grabcut, quality

SETTINGS = grabcut.GrabCutSettings()
BOX = np.array([2, 3, 12, 13])  # 100 pixels, 36 of them on the outline.


def of_window(rows, columns, box=BOX):
    mask = np.zeros((20, 20), bool)
    mask[rows, columns] = True
    return quality.of_mask("a", mask, box)


def source():
    return schema.Source(
        name="<greys>",
        image_ids=("good", "box", "half"),
        image=lambda _: np.full((20, 20, 3), 99, np.uint8),
        boxes=lambda _: np.array([BOX - 1, BOX, BOX + 1]),
    )


def make(folder):
    """A mask inside its box, the box itself, and the upper half of the box."""
    for image_id, (rows, columns) in {
        "good": (slice(4, 10), slice(4, 12)),
        "box": (slice(2, 12), slice(3, 13)),
        "half": (slice(2, 8), slice(3, 13)),
    }.items():
        mask = np.zeros((20, 20), np.uint8)
        mask[rows, columns] = 1
        artifacts.write_label_map(folder / f"{image_id}.png", mask)
    return source()


def test_a_mask_is_measured_along_and_inside_its_box():
    inside = of_window(slice(4, 9), slice(4, 12))
    assert (inside.fraction, inside.outline) == (0.4, 0.0)
    corner = of_window(slice(2, 7), slice(3, 8))
    assert (corner.fraction, corner.outline) == (0.25, 0.25)
    assert corner.outline == 9 / 36


def test_what_fills_its_box_is_a_failure():
    found = of_window(slice(2, 12), slice(3, 13))
    assert found.is_box
    assert found.doubt == 2
    empty = of_window(slice(0), slice(0), box=np.array([4, 4, 4, 9]))
    assert empty.is_box


@pytest.mark.parametrize(
    ("share", "outline", "doubt"),
    [(0.8, 0.1, 0.1), (0.8, 0.9, 0.9), (0.1, 0.0, 0.85), (0.4, 0.1, 0.4)],
)
def test_doubt_is_of_long_borders_and_of_little_masks(share, outline, doubt):
    found = quality.Quality(image_id="a", fraction=share, outline=outline)
    assert found.doubt == pytest.approx(doubt)


def test_the_most_doubtful_masks_come_first(tmp_path):
    photographs = make(tmp_path)
    found = quality.of_masks(photographs, tmp_path, SETTINGS)
    assert [each.image_id for each in found] == ["box", "half", "good"]


def test_the_page_is_whole_and_shows_as_many_as_are_wanted(tmp_path):
    photographs = make(tmp_path / "masks")
    path = tmp_path / "masks.html"
    masks_page.write_page(path, photographs, tmp_path / "masks", SETTINGS, 2)
    page = path.read_text()
    assert re.findall("<code>(.*?)</code>", page) == ["box", "half"]
    assert (
        "3 photographs of &lt;greys&gt;. GrabCut, 5 steps inside the mean"
        in page
    )
    assert "Of the masks 1 are the whole box (33.3%)." in page
    assert page.count("<b>the whole box</b>") == 1
    assert page.count("<rect") == masks_page.NUM_BINS
    pictures = re.findall("src='data:image/jpeg;base64,(.*?)'", page)
    assert len(pictures) == 4
    assert base64.b64decode(pictures[0]).startswith(b"\xff\xd8")
    assert not re.search("(src|href)='?http", page)


def test_the_bars_of_the_page_count_all_masks(tmp_path):
    bars = masks_page._histogram([0.02, 0.51, 0.52, 0.97, 1.0])
    titles = re.findall("<title>(.*?)</title>", bars)
    assert titles[0] == "0 to 5 %: 1"
    assert titles[10] == "50 to 55 %: 2"
    assert titles[19] == "95 to 100 %: 2"
    assert sum(int(title.split()[-1]) for title in titles) == 5


def test_a_page_that_is_there_is_left_as_it_is(tmp_path):
    path = tmp_path / "masks.html"
    path.write_text("mine")
    masks_page.write_page(path, source(), tmp_path, SETTINGS, 2)
    assert path.read_text() == "mine"


def test_a_missing_mask_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*good\.png"):
        quality.of_masks(source(), tmp_path, SETTINGS)
