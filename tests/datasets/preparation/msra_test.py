import numpy as np
import official_archives as official
import pytest

from guided_segmentation.datasets import msra as reader
from guided_segmentation.datasets.preparation import msra


def write_sets(folder, a=("0_1", "0_2"), b=("0_2", "0_3"), b_size=(60, 80)):
    """ImageSetA as an archive, ImageSetB as a folder."""
    folder.mkdir(exist_ok=True)
    files = {f"ImageSetA/{n}": c for n, c in official.msra(a).items()}
    official.write_zip(folder / "ImageSetA.zip", files)
    content = official.msra(b, annotators=9, size=b_size)
    official.write_folder(folder / "ImageSetB", content)
    return folder


def assert_refused(data_dir, output_dir, message, error=ValueError, **lists):
    with pytest.raises(error, match=message):
        msra.prepare(data_dir, output_dir, **lists)
    assert not (output_dir / "UserData").exists()


def test_both_sets_are_read_as_one(tmp_path):
    record = msra.prepare(write_sets(tmp_path / "in"), tmp_path / "out")
    source = reader.source(tmp_path / "out")
    assert sorted(source.image_ids) == ["0_1", "0_2", "0_3"]
    assert source.image("0_1").shape == (60, 80, 3)
    np.testing.assert_array_equal(source.boxes("0_1"), [[2, 1, 60, 80]] * 3)
    assert record["images"] == 3


def test_a_photograph_of_both_sets_has_the_boxes_of_set_b(tmp_path):
    record = msra.prepare(write_sets(tmp_path / "in"), tmp_path / "out")
    assert len(reader.source(tmp_path / "out").boxes("0_2")) == 9
    assert record["in_both_sets"] == 1


def test_numbers_other_than_the_published_ones_are_noted(tmp_path):
    record = msra.prepare(write_sets(tmp_path / "in"), tmp_path / "out")
    assert record["notes"] == [
        "set B has 2 photographs, published are 5000",
        "set A has 2 photographs, published are 20840",
    ]


def test_one_folder_with_image_and_userdata_is_a_set(tmp_path):
    official.write_folder(tmp_path / "in", official.msra())
    record = msra.prepare(tmp_path / "in", tmp_path / "out")
    assert record["listed"] == {"set": 2}
    assert record["notes"] == []
    assert len(reader.source(tmp_path / "out").image_ids) == 2


def test_the_real_photographs_are_laid_out_as_they_are_read(
    real_data, tmp_path
):
    given = reader.source(real_data / "msra_style")
    kept = real_data / "msra_style/non_pascal.txt"
    record = msra.prepare(real_data / "msra_style", tmp_path, only_ids=kept)
    found = reader.source(tmp_path)
    assert record["images"] == len(found.image_ids) == 283
    for image_id in found.image_ids[::50]:
        np.testing.assert_array_equal(
            found.boxes(image_id), given.boxes(image_id)
        )


def test_lists_choose_the_photographs(tmp_path):
    data_dir = write_sets(tmp_path / "in")
    (tmp_path / "only.txt").write_text("0_1\n0_3\n")
    (tmp_path / "without.txt").write_text("0_3\n")
    lists = {
        "only_ids": tmp_path / "only.txt",
        "exclude_ids": tmp_path / "without.txt",
    }
    record = msra.prepare(data_dir, tmp_path / "out", **lists)
    assert record["images"] == 1
    found = [path.name for path in (tmp_path / "out/Image").rglob("*.jpg")]
    assert found == ["0_1.jpg"]


def test_a_second_call_changes_nothing(tmp_path):
    data_dir = write_sets(tmp_path / "in")
    first = msra.prepare(data_dir, tmp_path / "out")
    paths = [p for p in (tmp_path / "out").rglob("*.*") if "prep" not in p.name]
    before = [path.stat().st_mtime_ns for path in paths]
    assert msra.prepare(data_dir, tmp_path / "out") == first
    assert [path.stat().st_mtime_ns for path in paths] == before


def test_missing_sets_are_named_with_their_place(tmp_path):
    message = f"no ImageSetA or ImageSetB .*, in {tmp_path}; get MSRA's"
    assert_refused(tmp_path, tmp_path / "out", message, FileNotFoundError)


def test_a_set_without_its_lists_is_refused(tmp_path):
    files = {"ImageSetA/Image/0/0_1.jpg": official.photograph()}
    official.write_zip(tmp_path / "ImageSetA.zip", files)
    message = r"ImageSetA\.zip: wanted UserData/\*\.txt in it, found none"
    assert_refused(tmp_path, tmp_path / "out", message)


def test_the_same_name_of_different_photographs_is_refused(tmp_path):
    data_dir = write_sets(tmp_path / "in", b_size=(50, 70))
    message = r"'0_2' has height and width \(60, 80\), .* \(50, 70\).* differ"
    assert_refused(data_dir, tmp_path / "out", message)


def test_all_faults_are_counted(tmp_path):
    files = official.msra(("0_1", "0_2", "0_3"))
    files["Image/0/0_1.jpg"] = official.photograph((9, 9))
    del files["Image/0/0_2.jpg"]
    text = files["UserData/0_data.txt"].decode()
    head, _, tail = text.rpartition("1 2 80 60; ")
    files["UserData/0_data.txt"] = f"{head}90 2 99 60; {tail}".encode()
    official.write_folder(tmp_path / "in", files)
    message = r"3 faults: .*0_1.jpg has .*\(9, 9\).*0_2.jpg.*'90 2 99 60'"
    assert_refused(tmp_path / "in", tmp_path / "out", message)


def test_unknown_ids_of_a_list_are_refused(tmp_path):
    (tmp_path / "only.txt").write_text("0_1\nx\n")
    message = "1 of 2 ids are in none of the sets, the first is 'x'"
    data_dir = write_sets(tmp_path / "in")
    path = tmp_path / "only.txt"
    assert_refused(data_dir, tmp_path / "out", message, only_ids=path)


def test_lists_that_leave_nothing_are_refused(tmp_path):
    (tmp_path / "all.txt").write_text("0_1\n0_2\n0_3\n")
    data_dir = write_sets(tmp_path / "in")
    path = tmp_path / "all.txt"
    message = "leave none of 3 images"
    assert_refused(data_dir, tmp_path / "out", message, exclude_ids=path)


def test_other_data_are_not_mixed_with(tmp_path):
    (tmp_path / "out/Image").mkdir(parents=True)
    message = "Image exists, but was not written by prepare_dataset"
    data_dir = write_sets(tmp_path / "in")
    assert_refused(data_dir, tmp_path / "out", message, FileExistsError)
