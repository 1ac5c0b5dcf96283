import base64
import re

import masks_samples
from masks_samples import SETTINGS

from guided_segmentation.report import masks_page


def write(folder, num_pictures, **names):
    photographs = masks_samples.write_masks(folder / "masks", **names)
    path = folder / "masks.html"
    masks_page.write_page(
        path, photographs, folder / "masks", SETTINGS, num_pictures
    )
    return path.read_text()


def test_the_page_is_self_contained_and_shows_as_many_as_are_wanted(tmp_path):
    page = write(tmp_path, 2)
    assert re.findall("<code>(.*?)</code>", page) == ["box", "half"]
    assert page.count("<b>the whole box</b>") == 1
    pictures = re.findall('src="data:image/jpeg;base64,(.*?)"', page)
    assert len(pictures) == 4
    assert base64.b64decode(pictures[0]).startswith(b"\xff\xd8")
    assert not re.search("(src|href)=[\"']?http", page)


def test_the_page_tells_how_masks_were_made_and_how_many_failed(tmp_path):
    page = " ".join(write(tmp_path, 0).split())
    assert "3 photographs of greys. GrabCut, 5 steps inside the mean" in page
    assert "less than 10 % of its box is replaced by the box" in page
    assert "1 of the masks is the whole box (33.3 %)." in page


def test_the_histogram_counts_all_masks(tmp_path):
    page = write(tmp_path, 0)
    assert page.count("<rect") == masks_page.NUM_BINS
    titles = re.findall("<title>(.*?: \\d+)</title>", page)
    assert sum(int(title.split()[-1]) for title in titles) == 3
    histogram = masks_page._histogram([0.02, 0.51, 0.52, 0.97, 1.0])
    titles = [bar["title"] for bar in histogram["bars"]]
    assert titles[0] == "0 to 5 %: 1"
    assert titles[10] == "50 to 55 %: 2"
    assert titles[19] == "95 to 100 %: 2"
    assert sum(int(title.split()[-1]) for title in titles) == 5


def test_a_page_that_exists_is_left_as_it_is(tmp_path):
    path = tmp_path / "masks.html"
    path.write_text("mine")
    masks_page.write_page(path, masks_samples.source(), tmp_path, SETTINGS, 2)
    assert path.read_text() == "mine"


def test_names_of_sources_and_images_are_escaped(tmp_path):
    page = write(tmp_path, 3, name='<b>&"', suffix='<b>&"')
    assert '<b>&"' not in page
    assert page.count("&lt;b&gt;&amp;&#34;") == 4
    assert page.count("<b>") == 1  # The label of the failed mask.
