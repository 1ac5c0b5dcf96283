"""Only complete and right predictions are packed for VOC's server."""

import re
import tarfile

import numpy as np
import pytest
from damaged_data import IDS, SIZE, Voc
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import pascal_voc
from guided_segmentation.evaluation import submission


@pytest.fixture
def voc(tmp_path):
    """Two images in VOC's layout and a prediction for each."""
    found = Voc(tmp_path / "voc")
    for image_id in IDS:
        found.write_map("predictions", image_id, found.truth())
    return found


def pack(voc, path=None):
    source = pascal_voc.source(voc.root, "train")
    path = path or voc.root / "out" / "comp6.tar.gz"
    submission.write(source, voc.root / "predictions", path)
    return path


def prediction(voc, index=0):
    return voc.root / "predictions" / f"{IDS[index]}.png"


def test_predictions_stand_where_the_server_looks_for_them(voc):
    artifacts.write_bytes(voc.root / "predictions" / "settings.json", b"{}")
    artifacts.write_label_map(prediction(voc).with_name("other.png"), ONES)
    with tarfile.open(pack(voc), "r:gz") as archive:
        assert archive.getnames() == [
            f"results/VOC2012/Segmentation/comp6_test_cls/{image_id}.png"
            for image_id in IDS
        ]
        for name in archive.getnames():
            image = Image.open(archive.extractfile(name))
            assert (image.format, image.mode) == ("PNG", "P")
            np.testing.assert_array_equal(image, voc.truth())


ONES = np.ones(SIZE, np.uint8)


def test_grey_label_maps_get_the_palette(voc):
    Image.fromarray(20 * ONES).save(prediction(voc))
    with tarfile.open(pack(voc)) as archive:
        image = Image.open(archive.extractfile(archive.getmembers()[0]))
        assert image.getpalette()[60:63] == labels.palette()[20].tolist()
        np.testing.assert_array_equal(image, 20 * ONES)


def test_the_same_predictions_give_the_same_bytes(voc):
    one = pack(voc).read_bytes()
    assert pack(voc, voc.root / "other.tgz").read_bytes() == one


WRONG = {
    "missing": lambda path: path.unlink(),
    "121 x 97 pixels, its photograph 128 x 96": lambda path: (
        artifacts.write_label_map(path, np.zeros((97, 121), np.uint8))
    ),
    "ignored pixels (255)": lambda path: artifacts.write_label_map(
        path, 255 * np.eye(*SIZE, dtype=np.uint8)
    ),
    "class 21": lambda path: artifacts.write_label_map(path, 21 * ONES),
    "wanted an image, found a file that is none": lambda path: path.write_text(
        "no PNG"
    ),
    "wanted class indices (palette or 8-bit PNG), found colours": lambda path: (
        artifacts.write_image(
            path, np.broadcast_to(np.uint8([9, 0, 0]), (*SIZE, 3))
        )
    ),
}


@pytest.mark.parametrize("found", WRONG)
def test_a_wrong_prediction_is_named_and_nothing_is_written(voc, found):
    WRONG[found](prediction(voc))
    with pytest.raises(ValueError, match=re.escape(found)) as error:
        pack(voc)
    assert str(error.value).startswith(
        f"{voc.root}/predictions: wanted a label map of each of the 2 images "
        f"of pascal_voc/train, of the photograph's size and with classes 0 to "
        f"20; found 1 wrong: {IDS[0]}.png: {found}"
    )
    assert not list((voc.root / "out").iterdir())


def test_all_wrong_predictions_are_named_at_once(voc):
    artifacts.write_label_map(prediction(voc, 0), 21 * ONES)
    prediction(voc, 1).unlink()
    with pytest.raises(ValueError, match="found 2 wrong: ") as error:
        pack(voc)
    assert f"{IDS[0]}.png: class 21; {IDS[1]}.png: missing; " in str(error)


def test_an_earlier_archive_stays_when_a_prediction_is_wrong(voc):
    path = pack(voc)
    before = path.read_bytes()
    prediction(voc).unlink()
    with pytest.raises(ValueError, match="missing"):
        pack(voc)
    assert path.read_bytes() == before


def test_a_folder_without_predictions_is_one_message(voc):
    for index in range(2):
        prediction(voc, index).unlink()
    with pytest.raises(
        FileNotFoundError,
        match="wanted label maps of the 2 images of pascal_voc/train, found "
        "none; make them with bin/segment_images",
    ):
        pack(voc)


def test_other_classes_than_vocs_are_refused(voc):
    (voc.root / "class_names.txt").write_text("aeroplane\ncat\n")
    with pytest.raises(ValueError, match="wanted VOC's 20 objects, found oth"):
        pack(voc)
