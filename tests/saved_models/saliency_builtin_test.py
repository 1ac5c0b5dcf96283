"""The saliency net of saved_models/ is small, complete and finds objects."""

import pathlib
import re

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.networks import weights
from guided_segmentation.saliency import detector, named

FOLDER = pathlib.Path(__file__).parents[2] / "saved_models/saliency_builtin"
VOC = "voc2012_mini/VOCdevkit/VOC2012"


def test_it_has_at_most_eight_megabytes():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "README.md",
        "settings.json",
        "weights.npz",
    }
    assert 5e6 < sum(path.stat().st_size for path in files) <= 8e6


def test_its_weights_are_in_half_precision():
    with np.load(FOLDER / weights.WEIGHTS_FILE) as arrays:
        for name in arrays:
            assert arrays[name].dtype == np.float16
            assert np.isfinite(arrays[name]).all()


def test_its_card_names_its_weights_and_its_parameters():
    card = (FOLDER / "README.md").read_text()
    assert weights.sha256(FOLDER) in card
    network, _ = weights.load_trained(FOLDER)
    (stated,) = re.findall(r"([\d,]+) parameters", card)
    assert int(stated.replace(",", "")) == network.count_params()


def test_it_finds_the_objects_of_photographs(real_data):
    """Twenty validation photographs; it has not seen any of them."""
    root = real_data / VOC
    names = (root / "ImageSets/Segmentation/val.txt").read_text().split()[::15]
    predict = named.open_named("builtin").predict
    both = either = 0
    for name in names:
        image = artifacts.read_image(root / f"JPEGImages/{name}.jpg")
        label_map = artifacts.read_label_map(
            root / f"SegmentationClassAug/{name}.png"
        )
        found = predict(image)
        assert found.shape == label_map.shape
        mask = detector.saliency_mask(found)
        counted = label_map != 255
        both += (mask & (label_map > 0) & counted).sum()
        either += ((mask | (label_map > 0)) & counted).sum()
    assert len(names) == 20
    assert both / either > 0.5
