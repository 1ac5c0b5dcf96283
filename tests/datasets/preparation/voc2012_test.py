import re

import numpy as np
import official_archives as official
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_lists, pascal_voc
from guided_segmentation.datasets.preparation import sbd, voc2012

ROOT = "VOCdevkit/VOC2012"


def prepare(data_dir, output_dir, counts=official.COUNTS):
    return voc2012.prepare(data_dir, output_dir, counts)


def times(folder):
    return {
        path.relative_to(folder): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name != "preparation.json"
    }


def assert_refused(data_dir, output_dir, message, error=ValueError):
    with pytest.raises(error, match=message):
        prepare(data_dir, output_dir)
    assert not (
        output_dir / ROOT / "ImageSets/Segmentation/trainaug.txt"
    ).is_file()


def test_trainaug_is_voc_and_sbd_without_val(downloads, tmp_path):
    record = prepare(downloads, tmp_path / "out")
    path = tmp_path / "out" / ROOT / "ImageSets/Segmentation/trainaug.txt"
    assert path.read_bytes() == official.lines(official.TRAINAUG)
    assert record["images"]["trainaug"] == 4
    assert record["masks"] == {"voc": 2, "sbd": 2}


def test_vocs_masks_come_before_those_of_sbd(downloads, tmp_path):
    prepare(downloads, tmp_path)
    source = pascal_voc.source(tmp_path, "trainaug")
    found = {i: source.label_map(i) for i in source.image_ids}
    assert np.unique(found["2007_000002"]).tolist() == [7, 255]
    assert np.unique(found["2008_000004"]).tolist() == [0, 15]
    assert source.all_image_labels[:, 14].tolist() == [False, False, True, True]
    val = pascal_voc.source(tmp_path, "val")
    assert np.unique(val.label_map("2007_000003")).tolist() == [7, 255]


def test_masks_have_vocs_palette(downloads, tmp_path):
    prepare(downloads, tmp_path)
    path = tmp_path / ROOT / "SegmentationClassAug/2008_000004.png"
    wanted = artifacts.encode_label_map(artifacts.read_label_map(path))
    assert path.read_bytes() == wanted


def test_folders_and_archives_give_the_same(downloads, tmp_path):
    first = prepare(downloads, tmp_path / "a")
    folders = tmp_path / "folders"
    official.write_folder(folders, official.voc())
    official.write_folder(folders, official.sbd())
    second = prepare(folders, tmp_path / "b")
    assert first["sha256"] == second["sha256"]
    assert first["from"].keys() == second["from"].keys()
    assert set(times(tmp_path / "a")) == set(times(tmp_path / "b"))


def test_photographs_stay_where_they_are_if_the_output_is_the_input(
    tmp_path, any_archive
):
    official.write_folder(tmp_path, official.voc())
    official.write_folder(tmp_path, official.sbd())
    before = times(tmp_path)
    first = prepare(tmp_path, tmp_path)
    after = times(tmp_path)
    assert {name: after[name] for name in before} == before
    assert prepare(tmp_path, tmp_path) == first


def test_a_second_call_changes_nothing(downloads, tmp_path):
    first = prepare(downloads, tmp_path / "out")
    before = times(tmp_path / "out")
    assert prepare(downloads, tmp_path / "out") == first
    assert times(tmp_path / "out") == before


def test_a_call_that_was_stopped_continues(downloads, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sbd, "parse_mask", stopped)
        with pytest.raises(KeyboardInterrupt):
            prepare(downloads, tmp_path / "out")
    begun = artifacts.read_json(tmp_path / "out/preparation.json")
    assert begun == {"dataset": "voc2012", "complete": False}
    prepare(downloads, tmp_path / "out")
    ended = artifacts.read_json(tmp_path / "out/preparation.json")
    assert ended["complete"]
    source = pascal_voc.source(tmp_path / "out", "trainaug")
    assert source.all_image_labels.any(1).all()


def test_a_damaged_mask_of_an_earlier_call_is_written_again(
    downloads, tmp_path
):
    prepare(downloads, tmp_path)
    path = tmp_path / ROOT / "SegmentationClassAug/2008_000005.png"
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    prepare(downloads, tmp_path)
    assert path.read_bytes() == content


def test_the_test_split_comes_from_its_own_archive(downloads, tmp_path):
    official.write_tar(downloads / "VOC2012test.tar", official.voc_test())
    record = prepare(downloads, tmp_path)
    assert record["images"]["test"] == 1
    source = pascal_voc.source(tmp_path, "test")
    assert source.image_ids == tuple(official.TEST)


@pytest.mark.parametrize("name", [official.VOC, official.SBD])
def test_a_missing_archive_is_named_with_its_place(downloads, tmp_path, name):
    (downloads / name).unlink()
    message = f"no {name}, .* put it at {downloads / name}$"
    assert_refused(downloads, tmp_path / "out", message, FileNotFoundError)
    assert not (tmp_path / "out").exists()


def test_an_archive_that_is_not_the_official_one_is_refused(
    downloads, tmp_path, monkeypatch
):
    monkeypatch.undo()
    message = "wanted the official archive, MD5 6cd6.*, found MD5 .* incomplete"
    assert_refused(downloads, tmp_path / "out", message)


def test_a_truncated_archive_is_refused(downloads, tmp_path):
    path = downloads / official.SBD
    path.write_bytes(path.read_bytes()[:-200])
    message = f"{path}: wanted a complete tar or zip archive"
    assert_refused(downloads, tmp_path / "out", message)


def test_a_list_of_another_length_is_refused(downloads, tmp_path):
    with pytest.raises(
        ValueError, match="wanted 1464 image ids in train, found 2"
    ):
        voc2012.prepare(downloads, tmp_path)


def test_missing_photographs_are_counted(downloads, tmp_path):
    files = official.voc()
    for image_id in official.TRAINAUG[:2]:
        del files[f"{ROOT}/JPEGImages/{image_id}.jpg"]
    official.write_tar(downloads / official.VOC, files)
    message = "2 faults: no JPEGImages/2007_000001.jpg; no JPEGImages/2007_"
    assert_refused(downloads, tmp_path / "out", message)


def test_a_mask_of_another_size_is_refused(downloads, tmp_path):
    files = official.sbd()
    name = "benchmark_RELEASE/dataset/cls/2008_000005.mat"
    files[name] = official.sbd_mask((5, 8))
    official.write_tar(downloads / official.SBD, files)
    message = "mask of 2008_000005: wanted the height and width of its photo"
    assert_refused(downloads, tmp_path / "out", message)


def test_a_mask_of_an_unknown_class_is_refused(downloads, tmp_path):
    files = official.sbd()
    name = "benchmark_RELEASE/dataset/cls/2008_000005.mat"
    files[name] = official.sbd_mask(index=21)
    official.write_tar(downloads / official.SBD, files)
    message = r"mask of 2008_000005: wanted class indices .*found \[21\]"
    assert_refused(downloads, tmp_path / "out", message)


def test_masks_from_elsewhere_are_not_replaced(downloads, tmp_path):
    folder = tmp_path / "out" / ROOT / "SegmentationClassAug"
    folder.mkdir(parents=True)
    message = re.escape(f"{folder} exists, but was not written by")
    assert_refused(downloads, tmp_path / "out", message, FileExistsError)
    assert not any(folder.iterdir())


def test_the_official_lists_follow_the_rule(real_data):
    lists = real_data / "voc2012_lists"
    train, val, trainaug = (
        image_lists.read_ids(lists / f"{name}.txt")
        for name in ("train", "val", "train_aug")
    )
    counts = voc2012.COUNTS
    assert len(train) == counts.train
    assert len(val) == counts.val
    sbd_ids = {*trainaug, *val} - set(train[:9])
    found = voc2012.trainaug_ids(train, val, sbd_ids)
    assert tuple(found) == trainaug
    assert len(found) == counts.trainaug == 10_582


def test_the_list_of_the_full_data_is_the_official_one(real_data, tmp_path):
    data_dir = real_data / "downloads"
    for names in (
        (official.VOC, "VOCdevkit"),
        (official.SBD, "benchmark_RELEASE"),
    ):
        if not any((data_dir / name).exists() for name in names):
            pytest.skip(f"no {names[0]} in {data_dir}")
    voc2012.prepare(data_dir, tmp_path)
    found = pascal_voc.source(tmp_path, "trainaug").image_ids
    wanted = image_lists.read_ids(real_data / "voc2012_lists/train_aug.txt")
    assert found == wanted
