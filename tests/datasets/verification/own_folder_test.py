"""Faults that are planted one by one, and all at once, in drawn scenes."""

import os

import numpy as np
import pytest
from drawn_folders import OBJECTS
from PIL import Image

from guided_segmentation.datasets.verification import (
    findings,
    own_folder,
    verify,
)

EXIF = Image.Exif()
EXIF[0x0112] = 6  # Stored on its side.


def found_in(drawn):
    layout = own_folder.layout(
        drawn.photos, f"csv:{drawn.tags}", truth_dir=drawn.masks
    )
    return verify.verify(layout)


def text_as_photograph(drawn):
    drawn.photo("train/00").write_text("no image")


def half_a_photograph(drawn):
    content = drawn.photo("train/01").read_bytes()
    drawn.photo("train/01").write_bytes(content[: len(content) // 2])


def empty_photograph(drawn):
    drawn.photo("train/02").write_bytes(b"")


def two_photographs_of_one_id(drawn):
    turned = drawn.image("train/03").transpose(Image.Transpose.ROTATE_180)
    turned.save(drawn.photos / "train/03.png")


def name_not_in_utf8(drawn):
    name = os.fsencode(drawn.photos) + b"/caf\xe9.jpg"
    with open(name, "wb") as file:
        file.write(drawn.photo("train/03").read_bytes())


def mask_without_photograph(drawn):
    drawn.write_mask("train/99", drawn.label_map("train/00"))


def link_to_nothing(drawn):
    (drawn.photos / "train/98.jpg").symlink_to("/moved/98.jpg")


def mask_among_photographs(drawn):
    drawn.photo("train/04").unlink()
    mask = Image.open(drawn.mask("train/04"))
    mask.save(drawn.photos / "train/04.png")


def png_called_jpg(drawn):
    drawn.image("train/05").save(drawn.photo("train/05"), "PNG")


def identical_file_in_the_other_split(drawn):
    drawn.copy("train/06", "val/06")


def resized_picture_in_the_other_split(drawn):
    drawn.copy("train/07", "val/07", scale=1.5)


def same_picture_twice(drawn):
    drawn.copy("train/08", "train/09", scale=0.8)


def same_picture_with_other_tags(drawn):
    drawn.copy("val/08", "val/09")
    index = next(
        i for i in range(1, 7) if OBJECTS[i - 1] not in drawn.shown("val/09")
    )
    drawn.write_mask("val/09", np.full((97, 121), index))
    drawn.tag("val/09", OBJECTS[index - 1])


def thumbnail_as_photograph(drawn):
    drawn.image("train/10").resize((30, 24)).save(drawn.photo("train/10"))
    small = Image.fromarray(drawn.label_map("train/10")).resize((30, 24), 0)
    drawn.write_mask("train/10", small)
    drawn.tag("train/10", *drawn.shown("train/10"))


def strip_as_photograph(drawn):
    drawn.image("train/11").resize((700, 90)).save(drawn.photo("train/11"))
    strip = Image.fromarray(drawn.label_map("train/11")).resize((700, 90), 0)
    drawn.write_mask("train/11", strip)


def mask_of_another_size(drawn):
    drawn.write_mask("train/12", drawn.label_map("train/12")[:-3])
    drawn.tag("train/12", *drawn.shown("train/12"))


def mask_of_the_unturned_photograph(drawn):
    drawn.image("train/13").save(drawn.photo("train/13"), exif=EXIF)


def turned_photograph(drawn):
    turned = drawn.image("train/14").transpose(Image.Transpose.ROTATE_90)
    turned.save(drawn.photo("train/14"), exif=EXIF)


def value_outside_the_classes(drawn):
    label_map = drawn.label_map("train/15").copy()
    label_map[:2] = 77
    drawn.write_mask("train/15", label_map)


def mask_in_colours(drawn):
    Image.open(drawn.mask("train/16")).convert("RGB").save(
        drawn.mask("train/16")
    )


def half_a_mask(drawn):
    content = drawn.mask("train/17").read_bytes()
    drawn.mask("train/17").write_bytes(content[: len(content) // 2])


def mask_that_is_ignored(drawn):
    label_map = drawn.label_map("train/18").copy()
    label_map[label_map == 0] = 255
    drawn.write_mask("train/18", label_map)


def mask_as_jpeg(drawn):
    mask = Image.fromarray(drawn.label_map("train/19"))
    mask.save(drawn.masks / "train/19.jpg")
    drawn.mask("train/19").unlink()


def label_without_pixels(drawn):
    drawn.tag("train/20", *OBJECTS)


def pixels_without_label(drawn):
    drawn.tag("train/21")


def misspelt_label(drawn):
    drawn.tag("train/22", *drawn.shown("train/22"), "waps")


def photograph_without_labels(drawn):
    drawn.tag("train/23", None)


def labels_without_photograph(drawn):
    drawn.tag("train/97", "wasp")


def class_without_images(drawn):
    with (drawn.photos / "class_names.txt").open("a") as names:
        names.write("\nunicorn\n")


def twin_in_upper_case(drawn):
    drawn.image("val/10").transpose(Image.Transpose.ROTATE_180).save(
        drawn.photos / "train/x.jpg"
    )
    drawn.photo("val/10").rename(drawn.photos / "train/X.jpg")
    for name in ("x", "X"):
        drawn.write_mask(f"train/{name}", drawn.label_map("val/10"))
        drawn.tag(f"train/{name}", *drawn.shown("val/10"))
    drawn.mask("val/10").unlink()
    drawn.tag("val/10", None)


def photograph_of_one_colour(drawn):
    path = drawn.photo("val/11")
    Image.new("RGB", drawn.image("val/11").size, "grey").save(path)


def film_among_photographs(drawn):
    (drawn.photos / "film.mov").write_text("no photograph")


FAULTS = {
    text_as_photograph: {"unreadable"},
    half_a_photograph: {"unreadable"},
    empty_photograph: {"unreadable"},
    two_photographs_of_one_id: {"file_names"},
    name_not_in_utf8: {"file_names"},
    mask_without_photograph: {"misplaced"},
    link_to_nothing: {"misplaced"},
    mask_among_photographs: {"mask_among_photographs"},
    png_called_jpg: {"ending"},
    identical_file_in_the_other_split: {"duplicate_across_splits"},
    resized_picture_in_the_other_split: {"duplicate_across_splits"},
    same_picture_twice: {"duplicate"},
    same_picture_with_other_tags: {"duplicate", "contradiction"},
    thumbnail_as_photograph: {"size"},
    strip_as_photograph: {"size"},
    mask_of_another_size: {"mask_size"},
    mask_of_the_unturned_photograph: {"mask_size", "turned"},
    turned_photograph: {"turned"},
    value_outside_the_classes: {"mask_values"},
    mask_in_colours: {"mask_unreadable"},
    half_a_mask: {"mask_unreadable"},
    mask_that_is_ignored: {"ignored"},
    mask_as_jpeg: {"mask_lossy", "unmasked"},
    label_without_pixels: {"labels_against_mask"},
    pixels_without_label: {"labels_against_mask"},
    misspelt_label: {"tag_outside_classes"},
    photograph_without_labels: {"untagged"},
    labels_without_photograph: {"tags_alone"},
    class_without_images: {"class_balance"},
    twin_in_upper_case: {"case_twins"},
    photograph_of_one_colour: {"uniform"},
    film_among_photographs: {"passed_over"},
}


def test_nothing_is_found_in_drawn_scenes(drawn):
    found = found_in(drawn)
    assert found.findings == []
    assert not found.has_errors
    assert list(found.layout.splits) == ["train", "val"]
    totals = [sum(counts.values()) for counts in found.class_counts.values()]
    assert min(totals) > 20


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_and_nothing_else(drawn, plant):
    plant(drawn)
    found = found_in(drawn)
    assert {each.check for each in found.findings} == FAULTS[plant]
    assert len(found.findings) == len(FAULTS[plant])


def test_all_faults_are_found_together(drawn):
    wanted = []
    for plant, checks in FAULTS.items():
        plant(drawn)
        wanted += checks
    found = [each.check for each in found_in(drawn).findings]
    missing = [
        each for each in set(wanted) if found.count(each) < wanted.count(each)
    ]
    assert missing == []
    assert len(FAULTS) >= 20


def test_a_photograph_of_too_many_pixels_is_found(drawn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_000)
    Image.fromarray(np.zeros((300, 300, 3), np.uint8)).save(
        drawn.photo("train/00")
    )
    (found,) = found_in(drawn).findings
    assert found.check == "unreadable"
    assert "wanted at most 24000 pixels" in found.message


def test_masks_of_0_and_255_are_found_among_several_classes(drawn):
    for path in drawn.masks.rglob("*.png"):
        mask = np.asarray(Image.open(path)) > 0
        Image.fromarray(np.uint8(255 * mask)).save(path)
    found = [each.check for each in found_in(drawn).findings]
    assert found.count("mask_binary") == 40


def test_masks_of_0_and_255_are_right_for_one_class(drawn):
    (drawn.photos / "class_names.txt").write_text("thing")
    lines = ["image_id,labels"]
    for path in sorted(drawn.masks.rglob("*.png")):
        mask = np.asarray(Image.open(path)) > 0
        if path.stem == "05":
            mask = mask * False
        Image.fromarray(np.uint8(255 * mask)).save(path)
        name = path.relative_to(drawn.masks).with_suffix("").as_posix()
        lines.append(f"{name},{'thing' if mask.any() else ''}")
    drawn.tags.write_text("\n".join(lines))
    assert found_in(drawn).findings == []


def test_names_that_are_no_label_set_are_found(drawn):
    (drawn.photos / "class_names.txt").write_text("wasp\nWasp\n")
    checks = {each.check for each in found_in(drawn).findings}
    assert checks == {"classes"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture;name", "wanted a header"),
        ("image_id,labels\nz,wasp\n", "names none of the photographs"),
    ],
)
def test_tags_that_cannot_be_used_are_found(drawn, text, message):
    drawn.tags.write_text(text)
    (found,) = found_in(drawn).findings
    assert found.check == "tags_file"
    assert message in found.message


def test_two_masks_of_a_photograph_are_found(drawn):
    drawn.write_mask("train/00_mask", drawn.label_map("train/00"))
    found = found_in(drawn).findings
    assert [each.check for each in found] == ["file_names"]
    assert "are both masks of image 'train/00'" in found[0].message


def test_a_table_that_cannot_be_read_is_found(drawn):
    (drawn.masks / "labelmap.txt").write_text("wasp 1 2 3")
    found = found_in(drawn).findings
    assert "classes" in {each.check for each in found}


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"wanted photographs .*, found none"):
        own_folder.layout(tmp_path)


def test_photographs_alone_are_checked(drawn):
    drawn.photo("train/00").write_text("no image")
    layout = own_folder.layout(drawn.photos)
    found = verify.verify(layout)
    assert [each.check for each in found.findings] == ["unreadable"]


def test_findings_go_to_json(drawn):
    text_as_photograph(drawn)
    film_among_photographs(drawn)
    content = found_in(drawn).to_json()
    assert content["counts"] == {"error": 1, "warning": 0, "note": 1}
    assert content["images"] == {"train": 24, "val": 16}
    first, second = content["findings"]
    assert (first["check"], first["severity"]) == ("unreadable", "error")
    assert first["images"] == ["train/00"]
    assert first["title"] == findings.CHECKS["unreadable"].title
    assert second["message"] == "film.mov"
