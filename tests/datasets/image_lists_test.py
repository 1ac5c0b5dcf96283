"""Lists of image ids in their usual forms."""

import os
import pathlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation.datasets import image_lists

DATA = os.environ.get("GUIDED_SEGMENTATION_DATA")
needs_data = pytest.mark.skipif(
    not DATA, reason="set GUIDED_SEGMENTATION_DATA to the folder of real data"
)


@pytest.mark.parametrize(
    "line",
    [
        "2007_000032",
        "  2007_000032 \r",
        "/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png",
        "2007_000032 0 14",
        "2007_000032 -1",
        "2007_000032.jpg 5",
        r"JPEGImages\2007_000032.JPG",
        "\ufeff2007_000032",
    ],
)
def test_every_usual_form_of_a_list_names_the_image(tmp_path, line):
    path = tmp_path / "list.txt"
    path.write_bytes(f"{line}\n\n".encode())
    assert image_lists.read_ids(path) == ("2007_000032",)


@pytest.mark.parametrize("image_id", ["0042", "2007_000032", "1e5", "a.b"])
def test_an_id_stays_text(tmp_path, image_id):
    (tmp_path / "list.txt").write_text(image_id)
    assert image_lists.read_ids(tmp_path / "list.txt") == (image_id,)


@settings(deadline=None)
@given(
    ids=st.lists(
        st.text(string.ascii_letters + string.digits + "_-", min_size=1),
        min_size=1,
        unique=True,
    )
)
def test_the_order_of_a_list_is_kept(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text("\n".join(ids))
    assert image_lists.read_ids(path) == tuple(ids)


@pytest.mark.parametrize("line", ["photo 1", "photo 1.jpg", "dir/photo 1.jpg"])
def test_a_whole_line_may_name_a_known_image(tmp_path, line):
    path = tmp_path / "list.txt"
    path.write_text(line)
    assert image_lists.read_ids(path, ["photo 1"]) == ("photo 1",)


def test_a_list_of_nothing_is_refused(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\n \n")
    with pytest.raises(
        ValueError,
        match=r"list\.txt: wanted one image id per line, found none",
    ):
        image_lists.read_ids(path)


def test_an_image_listed_twice_is_refused(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a\nb\na.jpg 3")
    with pytest.raises(ValueError, match="image 'a' is listed twice; keep one"):
        image_lists.read_ids(path)


@needs_data
def test_the_official_lists_have_their_published_lengths():
    lists = pathlib.Path(DATA, "voc2012_lists")
    counts = {p.stem: len(image_lists.read_ids(p)) for p in lists.glob("*.txt")}
    assert counts == {
        "train": 1464,
        "val": 1449,
        "test": 1456,
        "train_aug": 10582,
    }
