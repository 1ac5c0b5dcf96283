import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_photos import label_file

from guided_segmentation import labels
from guided_segmentation.datasets.image_labels import table


def test_windows_line_ends_and_a_byte_order_mark_are_ignored(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffimage_id,labels\r\n0042,cat\r\n".encode())
    assert table.read(path) == [("0042", ["cat"])]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 10**9).map(lambda n: f"{n:010}"),
        st.lists(st.sampled_from(labels.VOC.objects), unique=True),
    )
)
def test_a_csv_keeps_ids_as_text_and_the_order_of_names(
    tmp_path_factory, names
):
    lines = [f"{i},{' '.join(objects)}" for i, objects in names.items()]
    path = label_file(tmp_path_factory.mktemp("csv"), *lines)
    assert dict(table.read(path)) == names


@pytest.mark.parametrize("header", ["a,cat", "image_id", "labels"])
def test_another_header_is_refused(tmp_path, header):
    path = label_file(tmp_path, "a,cat", header=header)
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted a header such as image_id,labels, found "
        rf"'{header}'",
    ):
        table.read(path)


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(ValueError, match=r"wanted the header .* an empty file"):
        table.read(tmp_path / "labels.csv")


@pytest.mark.parametrize("line", ["a", "a,cat,dog"])
def test_a_line_with_other_columns_is_refused(tmp_path, line):
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted 2 cells, as in the header "
        rf"'image_id,labels', found '{line}'; put quotes around names",
    ):
        table.read(label_file(tmp_path, "b,cat", line))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("cat dog", ["cat", "dog"]),
        ('"cat, dog"', ["cat", "dog"]),
        ("cat;dog", ["cat", "dog"]),
        ("cat|dog ", ["cat", "dog"]),
        ("traffic light;dog;", ["traffic light", "dog"]),
        ("traffic light;", ["traffic light"]),
        ("'traffic light' dog", ["traffic light", "dog"]),
        ('"""traffic light"", dog"', ["traffic light", "dog"]),
        ("bird's-nest dog's", ["bird's-nest", "dog's"]),
        ("", []),
    ],
)
def test_names_are_separated_by_spaces_or_by_signs(tmp_path, cell, names):
    path = label_file(tmp_path, f"a,{cell}")
    assert table.read(path) == [("a", names)]


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (
            ["file_name\tTags", "a.jpg\tcat, stop sign", "b.jpg\t"],
            [("a.jpg", ["cat", "stop sign"]), ("b.jpg", [])],
        ),
        (
            ["Image ID;Label", '"a";cat', "a;dog", "b;cat|dog"],
            [("a", ["cat"]), ("a", ["dog"]), ("b", ["cat", "dog"])],
        ),
        (
            ["filename,width,class,xmin", "a.jpg,64,cat,3", "a.jpg,64,dog,9"],
            [("a.jpg", ["cat"]), ("a.jpg", ["dog"])],
        ),
        (
            ["filename, cat, stop sign", "a.jpg, 1, 0", "b.jpg, 1, 1"],
            [("a.jpg", ["cat"]), ("b.jpg", ["cat", "stop sign"])],
        ),
        (
            ["\tpath\t\u4ea4\u901a \u706f", "0\ta\ttrue", "1\tb\tFalse"],
            [("a", ["\u4ea4\u901a \u706f"]), ("b", [])],
        ),
    ],
    ids=["tsv", "semicolons", "detections", "one-hot", "index"],
)
def test_tables_of_tools_are_read(tmp_path, lines, rows):
    header, *rest = lines
    assert table.read(label_file(tmp_path, *rest, header=header)) == rows


def test_a_cell_that_is_neither_0_nor_1_is_named(tmp_path):
    path = label_file(tmp_path, "a,1,0", "b,0,0.7", header="image_id,cat,dog")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: line 3: wanted 0 or 1 in the column 'dog', found "
        r"'0\.7'; name a column of names 'labels'",
    ):
        table.read(path)
