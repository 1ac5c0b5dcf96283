"""Faults that are planted in drawn scenes in VOC's layout."""

import os
import pathlib

import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import layouts
from guided_segmentation.datasets.verification import verify, voc_folder

DATA = os.environ.get("GUIDED_SEGMENTATION_DATA")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voc")
    layouts.write_synthetic(
        folder,
        num_images={"train": 20, "val": 12, "test": 4},
        num_saliency_images=1,
    )
    return folder


@pytest.fixture
def root(made, tmp_path):
    """The VOC2012 folder, of links that a test may replace."""
    root = tmp_path / "VOC2012"
    for path in (made / "VOCdevkit/VOC2012").rglob("*"):
        if path.is_file():
            link = root / path.relative_to(made / "VOCdevkit/VOC2012")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return root


def lines(root, split):
    path = root / f"ImageSets/Segmentation/{split}.txt"
    return path, path.read_text().splitlines()


def rewrite(path, content):
    path.unlink()
    artifacts.write_bytes(path, content)


def checks(root, **options):
    found = verify.verify(voc_folder.layout(root, **options)).findings
    return [each.check for each in found]


@pytest.mark.parametrize("image_labels", ["masks", "xml"])
def test_nothing_is_found_in_drawn_scenes(root, image_labels):
    assert checks(root, image_labels=image_labels) == []
    layout = voc_folder.layout(root)
    assert list(layout.splits) == ["train", "val", "test"]
    assert len(layout.photographs) == len(layout.masks) == 36


def test_faults_of_lists_are_found(root):
    path, train = lines(root, "train")
    _, val = lines(root, "val")
    text = "\n".join([*train, train[0], "absent", val[0]])
    rewrite(path, text.encode())
    found = verify.verify(voc_folder.layout(root)).findings
    assert [each.check for each in found] == ["lists", "lists", "split_overlap"]
    assert [each.message.partition(": ")[2] for each in found] == [
        f"{train[0]} is listed twice",
        "absent has no photograph",
        "in train and in val",
    ]


def test_photographs_in_no_list_are_noted(root):
    path, train = lines(root, "train")
    rewrite(path, "\n".join(train[1:]).encode())
    assert checks(root) == ["unlisted"]


def test_files_without_counterpart_and_twins_are_found(root):
    _, train = lines(root, "train")
    mask = root / f"SegmentationClassAug/{train[0]}.png"
    (root / "SegmentationClass").mkdir()
    (root / "SegmentationClass/absent.png").symlink_to(mask.resolve())
    photograph = root / f"JPEGImages/{train[1]}.jpg"
    photograph.with_suffix(".jpeg").symlink_to(photograph.resolve())
    assert checks(root) == ["file_names", "misplaced"]


def test_annotations_are_checked(root):
    _, train = lines(root, "train")
    texts = {
        train[0]: b"<annotation><object><name>wsp</name></object></annotation>",
        train[1]: b"no XML",
    }
    for image_id, text in texts.items():
        rewrite(root / f"Annotations/{image_id}.xml", text)
    (root / f"Annotations/{train[2]}.xml").unlink()
    found = verify.verify(voc_folder.layout(root, image_labels="xml")).findings
    assert [each.check for each in found if each.check != "class_balance"] == [
        "tags_file",
        "tag_outside_classes",
        "untagged",
        "labels_against_mask",
    ]


def test_tags_in_a_csv_are_compared_with_the_masks(root, tmp_path):
    path = tmp_path / "tags.csv"
    ids = [
        i for split in ("train", "val", "test") for i in lines(root, split)[1]
    ]
    text = "".join(f"{image_id},\n" for image_id in ids)
    path.write_text(f"image_id,labels\n{text}")
    found = checks(root, image_labels=f"csv:{path}")
    assert found.count("labels_against_mask") == len(ids)


def test_a_missing_list_is_named(root):
    with pytest.raises(
        FileNotFoundError,
        match=r"no list tiny\.txt in .*Segmentation; existing splits: test, "
        r"train, val",
    ):
        voc_folder.layout(root, ["tiny"])


@pytest.mark.skipif(DATA is None, reason="wants GUIDED_SEGMENTATION_DATA")
def test_photographs_of_voc_have_no_errors():
    """Three of the masks are void for the most part, which is true."""
    root = pathlib.Path(str(DATA)) / "voc2012_mini"
    tags = f"csv:{root}/image_level_labels.csv"
    found = verify.verify(voc_folder.layout(root, image_labels=tags))
    assert [each.check for each in found.findings] == ["ignored"] * 3
