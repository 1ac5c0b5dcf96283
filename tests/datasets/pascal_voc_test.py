import os
import pathlib

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import example_specs, pascal_voc

IDS = ("2007_000032", "2007_000039", "2008_000002")
DATA = os.environ.get("GUIDED_SEGMENTATION_DATA")
needs_data = pytest.mark.skipif(
    not DATA, reason="set GUIDED_SEGMENTATION_DATA to the folder of real data"
)


def write_voc(data_dir):
    """Three photographs: an aeroplane and a person, a cat, only void."""
    root = data_dir / "VOCdevkit" / "VOC2012"
    values = [(0, 1, 15, 255), (0, 0, 8, 8), (0, 0, 0, 255)]
    for image_id, classes in zip(IDS, values, strict=True):
        label_map = np.repeat(np.array([classes], np.uint8), 3, axis=0)
        write_pair(root, image_id, label_map)
    write_list(root, "train", "\n".join(IDS))
    return root


def write_pair(root, image_id, label_map, folder="SegmentationClassAug"):
    write_photograph(root, image_id, label_map.shape)
    artifacts.write_label_map(root / folder / f"{image_id}.png", label_map)


def write_photograph(root, image_id, size):
    folder = root / "JPEGImages"
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size[::-1], "white").save(folder / f"{image_id}.jpg")


def write_list(root, split, text):
    path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
    artifacts.write_bytes(path, text.encode())
    return path


def write_xml(root, image_id, *names, rest=""):
    objects = "".join(
        f"<object><name>{name}</name><difficult>1</difficult>"
        f"<part><name>head</name></part></object>"
        for name in names
    )
    objects += rest
    text = f"<annotation><folder>VOC2012</folder>{objects}</annotation>"
    path = root / "Annotations" / f"{image_id}.xml"
    artifacts.write_bytes(path, text.encode())
    return path


def write_csv(path, *lines):
    path.write_text("\n".join(["image_id,labels", *lines]))
    return f"csv:{path}"


def names_of(source, image_id, part="image_labels"):
    present = getattr(source, part)(image_id)
    objects = source.label_set.objects
    return [name for name, there in zip(objects, present, strict=True) if there]


@pytest.fixture
def root(tmp_path):
    return write_voc(tmp_path)


def test_a_split_yields_every_part_of_an_example(root):
    source = pascal_voc.source(root, "train")
    assert (source.name, source.image_ids) == ("pascal_voc/train", IDS)
    assert source.label_set is labels.VOC
    assert source.boxes is None
    np.testing.assert_array_equal(
        source.image(IDS[0]), np.full((3, 4, 3), 255, np.uint8)
    )
    np.testing.assert_array_equal(
        source.label_map(IDS[0]), np.tile([0, 1, 15, 255], (3, 1))
    )
    assert names_of(source, IDS[0]) == ["aeroplane", "person"]


def test_parts_have_the_dtypes_of_the_schema(root):
    source = pascal_voc.source(root, "train")
    for key in ("image", "image_labels", "label_map"):
        array = getattr(source, key)(IDS[0])
        assert array.dtype == example_specs.EXAMPLE[key].dtype.as_numpy_dtype
        assert example_specs.EXAMPLE[key].shape.is_compatible_with(array.shape)


@pytest.mark.parametrize("above", [".", "VOC2012", "VOCdevkit/VOC2012"])
def test_the_data_folder_may_be_one_or_two_above_the_photographs(root, above):
    data_dir = root
    for _ in pathlib.Path(above).parts:
        data_dir = data_dir.parent
    assert pascal_voc.source(data_dir, "train").image_ids == IDS


def test_a_missing_folder_is_refused_with_the_places_searched(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=rf"no folder JPEGImages in {tmp_path}/absent, nor in its VOC2012 "
        rf"or VOCdevkit/VOC2012; set data_dir",
    ):
        pascal_voc.source(tmp_path / "absent", "train")


# Lists of ids.


@pytest.mark.parametrize(
    ("there", "wanted"),
    [("train_aug", "trainaug"), ("trainaug", "train_aug")],
)
def test_the_augmented_split_goes_by_two_names(root, there, wanted):
    write_list(root, there, IDS[1])
    source = pascal_voc.source(root, wanted)
    assert (source.name, source.image_ids) == (f"pascal_voc/{there}", IDS[1:2])
    write_list(root, wanted, IDS[2])
    assert pascal_voc.source(root, wanted).image_ids == IDS[2:]


@pytest.mark.parametrize("line", ["photo 1", "photo 1.jpg", "dir/photo 1.jpg"])
def test_an_id_may_have_spaces(root, line):
    for name in ("photo 1", "scan.jpg", "U\u0308bung"):
        write_pair(root, name, np.array([[0, 8]], np.uint8))
    write_list(root, "train", f"{line}\nscan.jpg 0\n\u00dcbung 1\n{IDS[0]} 7")
    source = pascal_voc.source(root, "train")
    ids = ("photo 1", "scan.jpg", "U\u0308bung", IDS[0])
    assert source.image_ids == ids
    assert names_of(source, "U\u0308bung") == ["cat"]


def test_a_split_may_be_the_path_of_a_list(root, tmp_path):
    (tmp_path / "mine.txt").write_text(IDS[1])
    source = pascal_voc.source(root, str(tmp_path / "mine.txt"))
    assert (source.name, source.image_ids) == ("pascal_voc/mine", IDS[1:2])


def test_an_unknown_split_is_refused_with_the_existing_ones(root):
    write_list(root, "val", IDS[0])
    with pytest.raises(
        FileNotFoundError,
        match=r"no split 'tain': wanted .*ImageSets/Segmentation/tain\.txt or "
        r"the path of a list; existing splits: train, val",
    ):
        pascal_voc.source(root, "tain")


def test_without_any_split_there_are_none(root):
    (root / "ImageSets" / "Segmentation" / "train.txt").unlink()
    with pytest.raises(FileNotFoundError, match="existing splits: none"):
        pascal_voc.source(root, "train")


def test_an_empty_split_is_refused(root):
    write_list(root, "train", "\n \n")
    with pytest.raises(
        ValueError,
        match=r"train\.txt: wanted one image id per line, found none",
    ):
        pascal_voc.source(root, "train")


def test_an_image_listed_twice_is_refused(root):
    write_list(root, "train", f"{IDS[0]}\n{IDS[1]}\n{IDS[0]}.jpg 3")
    with pytest.raises(
        ValueError, match=rf"train\.txt: image '{IDS[0]}' is listed twice; keep"
    ):
        pascal_voc.source(root, "train")


def test_ids_without_photographs_are_counted_before_anything_is_read(root):
    write_list(root, "train", f"{IDS[0]}\nlost\n{IDS[1]}\ngone")
    with pytest.raises(
        FileNotFoundError,
        match=r"train\.txt: 2 of 4 images have no photograph, the first is "
        r"'lost': wanted .*JPEGImages/lost\.jpg; add them or remove them from",
    ):
        pascal_voc.source(root, "train")


def test_images_are_decoded_only_when_they_are_read(root):
    (root / "JPEGImages" / f"{IDS[0]}.jpg").write_bytes(b"no image")
    source = pascal_voc.source(root, "train")
    with pytest.raises(ValueError, match=rf"{IDS[0]}\.jpg: wanted an image"):
        source.image(IDS[0])


# Label maps.


def test_the_label_map_of_voc_is_preferred_to_the_augmented_one(root):
    own = np.full((3, 4), 20, np.uint8)
    write_pair(root, IDS[0], own, "SegmentationClass")
    source = pascal_voc.source(root, "train")
    assert names_of(source, IDS[0]) == ["tvmonitor"]
    assert names_of(source, IDS[1]) == ["cat"]  # Has no other.


@pytest.mark.parametrize("ending", ["JPG", "jpeg", "png", "webp", "bmp"])
def test_photographs_have_the_endings_that_a_folder_takes(root, ending):
    photograph = root / "JPEGImages" / f"{IDS[0]}.jpg"
    image = Image.open(photograph)
    image.save(photograph.with_suffix(f".{ending}"))
    photograph.unlink()
    source = pascal_voc.source(root, "train")
    assert source.image(IDS[0]).shape == (3, 4, 3)
    assert source.label_map(IDS[0]).shape == (3, 4)


def test_two_photographs_of_one_image_are_refused(root):
    Image.new("RGB", (4, 3)).save(root / "JPEGImages" / f"{IDS[0]}.png")
    with pytest.raises(
        ValueError,
        match=rf"JPEGImages: {IDS[0]}\.jpg and {IDS[0]}\.png would share the "
        rf"image id '{IDS[0]}'; rename one",
    ):
        pascal_voc.source(root, "train")


def test_a_label_map_of_an_upright_photograph_is_as_large_as_it_looks(root):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = root / "JPEGImages" / f"{IDS[0]}.jpg"
    Image.new("RGB", (3, 4)).save(path, exif=exif)
    source = pascal_voc.source(root, "train")
    assert source.image(IDS[0]).shape == (3, 4, 3)
    assert source.label_map(IDS[0]).shape == (3, 4)


@pytest.mark.parametrize("where", ["xml", "csv"])
def test_an_object_of_255_in_the_only_class_is_refused(root, tmp_path, where):
    (root / "class_names.txt").write_text("crack\n")
    write_list(root, "train", IDS[0])
    write_pair(root, IDS[0], np.array([[0, 255]], np.uint8))
    if where == "xml":
        write_xml(root, IDS[0], "crack")
    else:
        where = write_csv(tmp_path / "a.csv", f"{IDS[0]},crack")
    source = pascal_voc.source(root, "train", where)
    with pytest.raises(
        ValueError,
        match=rf"{IDS[0]}\.png: image '{IDS[0]}' shows crack, but its label "
        rf"map holds 0 and 255 alone, and 255 means ignored; write 1 instead "
        rf"of 255",
    ):
        source.label_map(IDS[0])


def test_ignored_pixels_without_the_only_class_are_no_error(root, tmp_path):
    (root / "class_names.txt").write_text("crack\n")
    write_list(root, "train", IDS[0])
    write_pair(root, IDS[0], np.array([[0, 255]], np.uint8))
    where = write_csv(tmp_path / "a.csv", f"{IDS[0]},")
    source = pascal_voc.source(root, "train", where)
    np.testing.assert_array_equal(source.label_map(IDS[0]), [[0, 255]])


def test_the_label_map_of_voc_is_read_if_there_is_no_other(root):
    (root / "SegmentationClassAug").rename(root / "SegmentationClass")
    source = pascal_voc.source(root, "train")
    assert names_of(source, IDS[1]) == ["cat"]


def test_a_split_without_label_maps_has_no_truth_and_no_labels_of_masks(root):
    write_photograph(root, "2008_000006", (3, 4))
    write_list(root, "test", "2008_000006")
    source = pascal_voc.source(root, "test")
    assert source.label_map is None
    assert source.image("2008_000006").shape == (3, 4, 3)
    with pytest.raises(
        FileNotFoundError,
        match=rf"no label map 2008_000006\.png of image '2008_000006' in "
        rf"SegmentationClass or SegmentationClassAug of {root}; add it, or "
        rf"take image labels from xml or csv:PATH",
    ):
        source.image_labels("2008_000006")


def test_one_missing_label_map_is_an_error_when_it_is_read(root):
    (root / "SegmentationClassAug" / f"{IDS[0]}.png").unlink()
    source = pascal_voc.source(root, "train")
    assert source.label_map(IDS[1]).shape == (3, 4)
    with pytest.raises(FileNotFoundError, match=f"of image '{IDS[0]}'"):
        source.label_map(IDS[0])


@pytest.mark.parametrize("part", ["label_map", "image_labels"])
def test_a_label_map_of_another_size_than_its_photograph_is_refused(root, part):
    write_photograph(root, IDS[0], (5, 7))
    source = pascal_voc.source(root, "train")
    with pytest.raises(
        ValueError,
        match=rf"{IDS[0]}\.png: wanted the height and width of image "
        rf"'{IDS[0]}', \(5, 7\), found \(3, 4\); replace one of the two",
    ):
        getattr(source, part)(IDS[0])


def test_a_label_map_in_colours_is_refused(root):
    path = root / "SegmentationClassAug" / f"{IDS[0]}.png"
    Image.new("RGB", (4, 3), "red").save(path)
    source = pascal_voc.source(root, "train")
    with pytest.raises(
        ValueError,
        match=rf"{IDS[0]}\.png: wanted class indices .* found colours",
    ):
        source.label_map(IDS[0])


def test_colours_of_cvat_are_read_by_its_label_map(root):
    """CVAT's export "Segmentation mask 1.1" has VOC's layout."""
    table = "background:0,0,0::\nstop sign:9,8,7::\n"
    (root / "labelmap.txt").write_text(table)
    for image_id in IDS:
        path = root / "SegmentationClass" / f"{image_id}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 3), (9, 8, 7)).save(path)
    source = pascal_voc.source(root, "train")
    assert source.label_set.objects == ("stop sign",)
    assert (source.label_map(IDS[0]) == 1).all()
    assert source.image_labels(IDS[0]).tolist() == [True]


def test_a_class_outside_the_label_set_is_refused(root):
    source = pascal_voc.source(
        root, "train", label_set=labels.LabelSet(("aeroplane", "bicycle"))
    )
    with pytest.raises(
        ValueError,
        match=rf"{IDS[0]}\.png: wanted class indices 0 to 2 or 255 .*found "
        rf"\[15\]; check the label set",
    ):
        source.label_map(IDS[0])


# Image-level labels.


@pytest.mark.parametrize("where", ["masks", "xml", "csv"])
def test_every_source_of_image_labels_agrees(root, tmp_path, where):
    write_xml(root, IDS[0], "person", "aeroplane", "person")
    if where == "csv":
        lines = [f"{IDS[0]},person aeroplane", f"{IDS[1]},cat", f"{IDS[2]},"]
        where = write_csv(tmp_path / "a.csv", *lines)
    source = pascal_voc.source(root, "train", where)
    assert names_of(source, IDS[0]) == ["aeroplane", "person"]


def test_a_class_is_difficult_if_all_its_objects_are(root):
    """Two people, of whom one is not; a cat that nothing is said of; a car."""
    easy = (
        "<object><name>person</name><difficult> 0 </difficult></object>"
        "<object><name>cat</name></object>"
        "<object><name>bus</name><difficult>0</difficult></object>"
    )
    write_xml(root, IDS[0], "person", "car", "car", rest=easy)
    source = pascal_voc.source(root, "train", "xml")
    assert names_of(source, IDS[0], "difficult") == ["car"]
    assert source.difficult(IDS[0]).dtype == bool
    there = ["bus", "car", "cat", "person"]
    assert names_of(source, IDS[0]) == there


def test_an_image_without_difficult_objects_has_no_difficult_class(root):
    easy = "<object><name>cat</name><difficult>0</difficult></object>"
    write_xml(root, IDS[1], rest=easy)
    source = pascal_voc.source(root, "train", "xml")
    assert names_of(source, IDS[1], "difficult") == []
    assert source.difficult(IDS[1]).shape == (20,)


@pytest.mark.parametrize("where", ["masks", "csv"])
def test_only_annotations_say_what_is_difficult(root, tmp_path, where):
    if where == "csv":
        lines = [f"{image_id},cat" for image_id in IDS]
        where = write_csv(tmp_path / "a.csv", *lines)
    write_xml(root, IDS[0], "cat")
    assert pascal_voc.source(root, "train", where).difficult is None


@pytest.mark.parametrize("where", ["masks", "xml", "csv"])
def test_an_image_without_objects_is_an_example_of_none(root, tmp_path, where):
    write_xml(root, IDS[2])
    if where == "csv":
        lines = [f"{image_id}," for image_id in IDS]
        where = write_csv(tmp_path / "a.csv", *lines)
    source = pascal_voc.source(root, "train", where)
    assert source.label_map(IDS[2]).shape == (3, 4)
    assert names_of(source, IDS[2]) == []


@pytest.mark.parametrize("where", ["mask", "csv", "csv:", "npy:cls_labels.npy"])
def test_unknown_sources_of_image_labels_are_refused(root, where):
    with pytest.raises(
        ValueError,
        match=rf"image_labels: wanted .*csv:PATH, .*voc:DIR, found '{where}'",
    ):
        pascal_voc.source(root, "train", where)


@pytest.mark.parametrize("part", ["image_labels", "difficult"])
def test_a_missing_annotation_is_named(root, part):
    source = pascal_voc.source(root, "train", "xml")
    with pytest.raises(
        FileNotFoundError, match=rf"no file .*Annotations/{IDS[0]}\.xml"
    ):
        getattr(source, part)(IDS[0])


@pytest.mark.parametrize("part", ["image_labels", "difficult"])
def test_half_an_annotation_is_named(root, part):
    path = write_xml(root, IDS[0], "cat")
    path.write_text(path.read_text()[:-5])
    source = pascal_voc.source(root, "train", "xml")
    with pytest.raises(ValueError, match=rf"{IDS[0]}\.xml: wanted XML, found"):
        getattr(source, part)(IDS[0])


@pytest.mark.parametrize("part", ["image_labels", "difficult"])
def test_an_annotated_object_outside_the_label_set_is_named(root, part):
    write_xml(root, IDS[0], "cat", "zebra")
    source = pascal_voc.source(root, "train", "xml")
    with pytest.raises(
        ValueError,
        match=rf"{IDS[0]}\.xml: image '{IDS[0]}': 'zebra' is not in the label",
    ):
        getattr(source, part)(IDS[0])


def test_images_without_a_line_in_the_csv_are_counted_at_once(root, tmp_path):
    where = write_csv(tmp_path / "a.csv", f"{IDS[0]},cat", "other,dog")
    with pytest.raises(
        ValueError,
        match=rf"a\.csv: 2 of 3 images have no line, the first is '{IDS[1]}'",
    ):
        pascal_voc.source(root, "train", where)


def test_a_missing_csv_is_named(root):
    with pytest.raises(FileNotFoundError, match=r"no file absent\.csv"):
        pascal_voc.source(root, "train", "csv:absent.csv")


def test_class_names_beside_the_photographs_are_the_label_set(root):
    (root / "class_names.txt").write_text("square\ndisc\n")
    label_map = np.array([[2, 0]], np.uint8)
    write_pair(root, IDS[0], label_map)
    source = pascal_voc.source(root, "train")
    assert source.label_set == labels.LabelSet(("square", "disc"))
    assert names_of(source, IDS[0]) == ["disc"]


# Real photographs.


@needs_data
@pytest.mark.parametrize(("split", "count"), [("trainaug", 800), ("val", 300)])
def test_the_real_split_has_all_its_files_and_classes(split, count):
    mini = pathlib.Path(DATA, "voc2012_mini")
    where = f"csv:{mini / 'image_level_labels.csv'}"
    source = pascal_voc.source(mini, split, where)
    assert len(source.image_ids) == count
    rows = [source.image_labels(image_id) for image_id in source.image_ids]
    assert np.any(rows, axis=0).all()


@needs_data
def test_real_image_labels_are_those_of_the_masks():
    mini = pathlib.Path(DATA, "voc2012_mini")
    where = f"csv:{mini / 'image_level_labels.csv'}"
    of_csv = pascal_voc.source(mini, "val", where)
    of_masks = pascal_voc.source(mini, "val")
    for image_id in of_masks.image_ids:
        np.testing.assert_array_equal(
            of_masks.image_labels(image_id), of_csv.image_labels(image_id)
        )


@needs_data
def test_a_real_photograph_is_as_large_as_its_label_map():
    source = pascal_voc.source(pathlib.Path(DATA, "voc2012_mini"), "val")
    for image_id in source.image_ids[:10]:
        size = source.image(image_id).shape[:2]
        assert source.label_map(image_id).shape == size


def test_voc_at_a_url_is_that_of_local_files(tmp_path, at_url):
    root = write_voc(tmp_path / "data")
    write_xml(root, IDS[0], "cat")
    url = at_url(tmp_path / "data")
    local, found = (
        pascal_voc.source(where, "train") for where in (tmp_path / "data", url)
    )
    assert found.image_ids == local.image_ids
    assert (found.name, found.digest) == (local.name, local.digest)
    for image_id in IDS:
        for read in ("image", "image_labels", "label_map"):
            np.testing.assert_array_equal(
                getattr(found, read)(image_id), getattr(local, read)(image_id)
            )
    with pytest.raises(FileNotFoundError, match=r"no split 'x'.*: train$"):
        pascal_voc.source(url, "x")
    with pytest.raises(
        FileNotFoundError, match=f"no folder JPEGImages in {url}"
    ):
        pascal_voc.source(f"{url}/VOCdevkit/x", "train")
