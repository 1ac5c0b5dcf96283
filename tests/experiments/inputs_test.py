"""Stages are fingerprinted with the content of the files that they read."""

import pytest

from guided_segmentation.experiments import inputs
from guided_segmentation.experiments.ledger import Stage

TRAIN = "train_seeder"
PHOTOGRAPHS = "make_saliency"


def digests(root, binary, *flags):
    return inputs.digests(Stage("s", (binary, *flags), "s"), root / "work")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("value", ["{}", "csv:{}", "coco:{}"])
def test_a_file_is_digested_by_its_content(tmp_path, value):
    path = write(tmp_path / "tags.csv", "a,cat")
    flag = f"--image_labels={value.format(path)}"
    before = digests(tmp_path, TRAIN, flag)
    write(path, "a,cat")
    assert digests(tmp_path, TRAIN, flag) == before
    write(path, "a,dog")
    assert digests(tmp_path, TRAIN, flag) != before
    assert before.keys() == {"image_labels"}


def test_what_is_no_file_and_what_stages_make_is_left_out(tmp_path):
    flags = ("--image_labels=masks", "--seeds_dir={work_dir}/seeds", "--flip")
    nothing = ("--split=train", "--data_dir=", f"--data_dir={tmp_path}/no")
    assert digests(tmp_path, TRAIN, *flags, *nothing) == {}


@pytest.mark.parametrize(
    ("dataset", "is_read"), [("folder", True), ("x", False)]
)
def test_photographs_in_folders_are_read_of_own_photographs_alone(
    tmp_path, dataset, is_read
):
    path = write(tmp_path / "photos/x/a.png", "1")
    flags = (f"--data_dir={tmp_path}/photos", f"--dataset={dataset}")
    before = digests(tmp_path, PHOTOGRAPHS, *flags)
    write(path, "22")
    assert (digests(tmp_path, PHOTOGRAPHS, *flags) != before) == is_read


def test_a_run_is_digested_by_its_weights(tmp_path):
    write(tmp_path / "run" / "weights.npz", "1")
    flag = f"--trunk_weights={tmp_path}/run"
    before = digests(tmp_path, TRAIN, flag)
    write(tmp_path / "run" / "settings.json", "{}")
    assert digests(tmp_path, TRAIN, flag) == before
    write(tmp_path / "run" / "weights.npz", "2")
    assert digests(tmp_path, TRAIN, flag) != before


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / "VOC2012"
    for split, name in (("train", "a"), ("val", "b")):
        write(root / "ImageSets" / "Segmentation" / f"{split}.txt", name)
        write(root / "JPEGImages" / f"{name}.jpg", name)
        write(root / "SegmentationClass" / f"{name}.png", name)
        write(root / "Annotations" / f"{name}.xml", name)
    return root


CHANGED = {
    "SegmentationClass/a.png": {TRAIN},
    "SegmentationClass/b.png": set(),
    "Annotations/a.xml": {TRAIN},
    "JPEGImages/a.jpg": {TRAIN, PHOTOGRAPHS},
    "JPEGImages/b.jpg": set(),
    "ImageSets/Segmentation/val.txt": set(),
    "runs/seeds/a.png": set(),
    "work/a.png": set(),
    ".hidden/a.png": set(),
    "class_names.txt": {TRAIN},
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_stage_runs_again_if_an_image_of_its_split_changed(voc, name):
    write(voc / "runs" / "seeds" / "settings.json", "{}")
    flags = (f"--data_dir={voc}", "--split=train")
    before = {each: digests(voc, each, *flags) for each in (TRAIN, PHOTOGRAPHS)}
    write(voc / name, "other")
    changed = {
        each for each in before if digests(voc, each, *flags) != before[each]
    }
    assert changed == CHANGED[name]


def test_tags_among_the_photographs_are_no_input_of_saliency(tmp_path):
    photos = tmp_path / "photos"
    write(photos / "a.png", "1")
    tags = write(photos / "tags.csv", "a,cat")
    flags = (f"--data_dir={photos}", f"--image_labels=csv:{tags}")
    before = {
        each: digests(tmp_path, each, *flags) for each in (TRAIN, PHOTOGRAPHS)
    }
    write(tags, "a,dog")
    assert digests(tmp_path, PHOTOGRAPHS, *flags) == before[PHOTOGRAPHS]
    assert digests(tmp_path, TRAIN, *flags) != before[TRAIN]
    assert before[TRAIN].keys() == {"data_dir", "image_labels"}
