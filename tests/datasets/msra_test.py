import os
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from guided_segmentation.datasets import example_specs, msra

ENTRIES = {
    r"0\0001.jpg": "1 0 6 3; 0 1 5 4; ",
    r"0\0002.jpg": "0 0 8 4; ",
}
OTHER_ENTRIES = {r"1\1_30 b.jpg": "2 1 4 3; 2 1 4 3; "}
DATA = os.environ.get("GUIDED_SEGMENTATION_DATA")
needs_data = pytest.mark.skipif(
    not DATA, reason="set GUIDED_SEGMENTATION_DATA to the folder of real data"
)


def user_data(entries, count=None, size="8 4"):
    lines = [str(len(entries) if count is None else count), ""]
    for path, boxes in entries.items():
        lines += [path, size, boxes, ""]
    return "\r\n".join(lines).encode()


def write_user_data(data_dir, name, content):
    path = data_dir / "UserData" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_photograph(data_dir, path, size=(8, 4)):
    file = data_dir.joinpath("Image", *path.split("\\"))
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(file)


@pytest.fixture
def data_dir(tmp_path):
    write_user_data(tmp_path, "1_data.txt", user_data(OTHER_ENTRIES))
    write_user_data(tmp_path, "0_data.txt", user_data(ENTRIES))
    for path in (*ENTRIES, *OTHER_ENTRIES):
        write_photograph(tmp_path, path)
    return tmp_path


def rewrite(data_dir, content):
    """Makes `content` the only UserData."""
    (data_dir / "UserData" / "1_data.txt").unlink()
    write_user_data(data_dir, "0_data.txt", content)


def entry(boxes, size=(4, 8)):
    return msra.Entry(
        image_id="a",
        photograph=pathlib.Path("a.jpg"),
        size=size,
        boxes=boxes,
        where="0_data.txt, line 5",
    )


def test_several_files_make_one_source_in_the_order_of_their_names(data_dir):
    source = msra.source(data_dir)
    assert source.name == "msra"
    assert source.image_ids == ("0001", "0002", "1_30 b")
    assert source.label_set is source.image_labels is source.label_map is None
    assert source.image("1_30 b").shape == (4, 8, 3)


def test_boxes_are_converted_to_rows_before_columns(data_dir):
    boxes = msra.source(data_dir).boxes("0001")
    np.testing.assert_array_equal(boxes, [[0, 1, 3, 6], [1, 0, 4, 5]])
    wanted = example_specs.SALIENCY_EXAMPLE["boxes"]
    assert boxes.dtype == wanted.dtype.as_numpy_dtype
    assert wanted.shape.is_compatible_with(boxes.shape)


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ("0 0 8 4", [[0, 0, 4, 8]]),
        ("-3 -1 9 5;", [[0, 0, 4, 8]]),
        ("7 3 12 12; ", [[3, 7, 4, 8]]),
    ],
)
def test_boxes_are_clipped_to_the_image(boxes, expected):
    np.testing.assert_array_equal(msra.parse_boxes(entry(boxes)), expected)


CORNERS = st.integers(-20, 60)


@given(st.tuples(CORNERS, CORNERS, CORNERS, CORNERS))
def test_a_box_keeps_exactly_its_pixels_inside_the_image(corners):
    left, top, right, bottom = corners
    rows, columns = np.indices((30, 40))
    inside = (columns >= left) & (columns < right)
    inside &= (rows >= top) & (rows < bottom)
    boxes = entry("{} {} {} {};".format(*corners), size=(30, 40))
    if not inside.any():
        with pytest.raises(ValueError, match="contains no pixel"):
            msra.parse_boxes(boxes)
        return
    [[row_min, column_min, row_max, column_max]] = msra.parse_boxes(boxes)
    painted = np.zeros((30, 40), bool)
    painted[row_min:row_max, column_min:column_max] = True
    np.testing.assert_array_equal(painted, inside)


@pytest.mark.parametrize("box", ["5 0 5 4", "6 0 2 4", "0 3 4 1", "9 0 12 4"])
def test_a_box_without_pixels_is_refused_with_file_and_line(data_dir, box):
    rewrite(data_dir, user_data({r"0\0001.jpg": f"0 0 2 2; {box}; "}))
    with pytest.raises(
        ValueError,
        match=rf"0_data\.txt, line 5: the box '{box}' \(left top right "
        rf"bottom\) contains no pixel of image '0001', 8 wide and 4 high; "
        rf"correct it or exclude the image",
    ):
        msra.source(data_dir)


def test_a_bad_box_of_an_excluded_image_is_ignored(data_dir, tmp_path):
    rewrite(data_dir, user_data({**ENTRIES, r"0\0001.jpg": "5 0 5 4;"}))
    (tmp_path / "bad.txt").write_text("0001")
    source = msra.source(data_dir, exclude_ids=tmp_path / "bad.txt")
    assert source.image_ids == ("0002",)


@pytest.mark.parametrize(
    "boxes", ["1 2 3;", "1 2 3 4 5;", "1 2 x 4;", "1.5 2 3 4"]
)
def test_a_box_that_is_not_four_whole_numbers_is_refused(data_dir, boxes):
    rewrite(data_dir, user_data({r"0\0001.jpg": boxes}))
    with pytest.raises(
        ValueError,
        match=r"0_data\.txt, line 5: wanted 'left top right bottom' as whole "
        rf"numbers, found '{boxes.strip(';')}'",
    ):
        msra.source(data_dir)


def test_an_entry_without_boxes_is_refused_with_file_and_line(data_dir):
    rewrite(data_dir, user_data({r"0\0001.jpg": ";"}))
    with pytest.raises(
        ValueError, match=r"0_data\.txt, line 5: wanted one box or more, found"
    ):
        msra.source(data_dir)


# The files of UserData.


def test_a_folder_without_user_data_is_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=rf"no UserData/\*\.txt in {tmp_path}; set data_dir to the folder "
        rf"of Image and UserData",
    ):
        msra.source(tmp_path)


def test_an_empty_file_is_refused(data_dir):
    rewrite(data_dir, b"\r\n")
    with pytest.raises(
        ValueError,
        match=r"0_data\.txt: wanted the number of entries, found nothing",
    ):
        msra.source(data_dir)


def test_a_file_without_its_count_is_refused(data_dir):
    rewrite(data_dir, user_data(ENTRIES)[5:])
    with pytest.raises(
        ValueError, match=r"0_data\.txt, line 1: wanted 'number_of_entries' as"
    ):
        msra.source(data_dir)


def test_a_truncated_file_is_refused(data_dir):
    rewrite(data_dir, user_data(ENTRIES, count=3))
    with pytest.raises(
        ValueError,
        match=r"0_data\.txt: wanted 3 entries of three lines, found 6 lines; "
        r"the file is truncated, or its first line is wrong",
    ):
        msra.source(data_dir)


def test_a_missing_line_is_reported_at_the_next_line(data_dir):
    content = user_data(ENTRIES).replace(b"8 4\r\n", b"", 1)
    rewrite(data_dir, content)
    with pytest.raises(
        ValueError,
        match=r"0_data\.txt, line 4: wanted 'width height' as whole numbers, "
        r"found '1 0 6 3; 0 1 5 4;'",
    ):
        msra.source(data_dir)


def test_an_image_in_two_files_is_refused(data_dir):
    write_user_data(data_dir, "2_data.txt", user_data(ENTRIES))
    with pytest.raises(
        ValueError, match="UserData: image '0001' is listed twice; keep one"
    ):
        msra.source(data_dir)


def test_images_without_photographs_are_counted(data_dir):
    (data_dir / "Image" / "0" / "0002.jpg").unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"UserData: 1 of 3 images have no photograph, the first is "
        r"'0002': wanted .*Image/0/0002\.jpg",
    ):
        msra.source(data_dir)


def test_a_photograph_of_another_size_than_its_boxes_is_refused(data_dir):
    write_photograph(data_dir, r"0\0001.jpg", (4, 8))
    source = msra.source(data_dir)
    with pytest.raises(
        ValueError,
        match=r"0_data\.txt, line 5: the boxes of image '0001' are for height "
        r"and width \(4, 8\), but .*0001\.jpg has \(8, 4\); replace",
    ):
        source.boxes("0001")


# Lists of images to keep and to leave out.


def test_lists_keep_and_exclude(data_dir, tmp_path):
    (tmp_path / "few.txt").write_text("0002\n0001.jpg\n")
    (tmp_path / "pascal.txt").write_text("0001")
    few, pascal = tmp_path / "few.txt", tmp_path / "pascal.txt"
    only = msra.source(data_dir, only_ids=few)
    assert (only.name, only.image_ids) == ("msra/only_few", ("0001", "0002"))
    rest = msra.source(data_dir, exclude_ids=pascal)
    assert rest.name == "msra/without_pascal"
    assert rest.image_ids == ("0002", "1_30 b")
    both = msra.source(data_dir, pascal, few)
    assert both.name == "msra/only_few/without_pascal"
    assert both.image_ids == ("0002",)


@pytest.mark.parametrize("which", ["exclude_ids", "only_ids"])
def test_an_unknown_id_in_a_list_is_refused(data_dir, tmp_path, which):
    (tmp_path / "list.txt").write_text("0001\n1\n2\n")
    with pytest.raises(
        ValueError,
        match=r"list\.txt: 2 of 3 ids are not in the data, the first is '1'; "
        r"correct the list",
    ):
        msra.source(data_dir, **{which: tmp_path / "list.txt"})


def test_lists_that_leave_no_image_are_refused(data_dir, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("0001")
    with pytest.raises(
        ValueError,
        match=rf"exclude_ids {path} and only_ids {path} leave none of 3 images",
    ):
        msra.source(data_dir, path, path)


# Masks, for evaluation.


def test_masks_become_zeros_and_ones(data_dir):
    (data_dir / "masks").mkdir()
    levels = np.zeros((4, 8), np.uint8)
    levels[0], levels[1], levels[2] = 255, 128, 127
    Image.fromarray(levels).save(data_dir / "masks" / "0001.png")
    label_map = msra.source(data_dir).label_map("0001")
    assert label_map.dtype == np.uint8
    np.testing.assert_array_equal(label_map[:, 0], [1, 1, 0, 0])


@pytest.mark.parametrize("maximum", [1, 100, 255])
def test_masks_are_cut_at_half_of_their_own_maximum(data_dir, maximum):
    (data_dir / "masks").mkdir()
    levels = np.zeros((4, 8), np.uint8)
    levels[1:3] = maximum
    Image.fromarray(levels).save(data_dir / "masks" / "0001.png")
    label_map = msra.source(data_dir).label_map("0001")
    np.testing.assert_array_equal(label_map[:, 0], [0, 1, 1, 0])


def test_a_mask_of_another_size_is_refused(data_dir):
    (data_dir / "masks").mkdir()
    Image.new("L", (3, 3)).save(data_dir / "masks" / "0001.png")
    source = msra.source(data_dir)
    with pytest.raises(
        ValueError,
        match=r"masks/0001\.png: wanted the height and width of image '0001', "
        r"\(4, 8\), found \(3, 3\)",
    ):
        source.label_map("0001")


def test_a_missing_mask_is_an_error_when_it_is_read(data_dir):
    (data_dir / "masks").mkdir()
    source = msra.source(data_dir)
    with pytest.raises(FileNotFoundError, match=r"no file .*masks/0001\.png"):
        source.label_map("0001")


# Real photographs.


@needs_data
def test_the_real_photographs_have_three_boxes_that_cover_the_mask():
    source = msra.source(pathlib.Path(DATA, "msra_style"))
    assert len(source.image_ids) == 1000
    for image_id in source.image_ids[:50]:
        boxes = source.boxes(image_id)
        truth = source.label_map(image_id)
        assert boxes.shape == (3, 4)
        row_min, column_min, row_max, column_max = np.median(boxes, 0).astype(
            int
        )
        inside = truth[row_min:row_max, column_min:column_max].sum()
        assert inside > 0.9 * truth.sum() > 0


@needs_data
def test_the_clean_condition_keeps_283_real_photographs():
    data_dir = pathlib.Path(DATA, "msra_style")
    clean = data_dir / "non_pascal.txt"
    assert len(msra.source(data_dir, only_ids=clean).image_ids) == 283
    assert len(msra.source(data_dir, exclude_ids=clean).image_ids) == 717
