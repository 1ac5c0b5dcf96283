"""A small data set, ways to damage it, and the message that reports it."""

import numpy as np
from PIL import Image

from guided_segmentation import (
    artifacts,
)
from guided_segmentation.datasets import (
    layouts,
)
from guided_segmentation.networks import (
    builders,
    weights,
)

RNG = np.random.default_rng(0)


SIZE = (96, 128)


IDS = ("2007_000001", "2007_000002")


class Voc:
    """Two images of aeroplanes in VOC's layout, with seeds and saliency."""

    def __init__(self, root):
        self.root = root
        for image_id in IDS:
            self.write_image(image_id)
            self.write_map("SegmentationClassAug", image_id, self.truth())
            self.write_map("seeds", image_id, self.truth())
            artifacts.write_saliency_map(
                root / "saliency" / f"{image_id}.png", self.truth()
            )
        self.write_list(*IDS)

    @staticmethod
    def truth():
        label_map = np.zeros(SIZE, np.uint8)
        label_map[20:60, 30:90] = 1
        return label_map

    def photograph(self, image_id):
        return self.root / "JPEGImages" / f"{image_id}.jpg"

    def write_image(self, image_id):
        image = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
        layouts.write_photograph(self.photograph(image_id), image)

    def write_map(self, folder, image_id, label_map):
        path = self.root / folder / f"{image_id}.png"
        artifacts.write_label_map(path, label_map)

    def write_list(self, *image_ids):
        path = self.root / "ImageSets" / "Segmentation" / "train.txt"
        artifacts.write_bytes(path, "\n".join(image_ids).encode())


def error_of(done):
    """The one line that tells the error; bars of progress may precede it."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.replace("\r", "\n").splitlines()
    (line,) = [each for each in lines if each.startswith("error: ")]
    assert line == lines[-1]
    return line


def assert_whole(folder):
    """Every map there is a label map of the right size."""
    for path in folder.rglob("*.png"):
        assert artifacts.read_label_map(path).shape == SIZE


def remove_data(voc):
    voc.root.rename(voc.root.with_name("elsewhere"))


def list_unknown(voc):
    voc.write_list(*IDS, "2007_999999")


def list_nothing(voc):
    voc.write_list()


def put_text_in_photograph(voc):
    voc.photograph(IDS[1]).write_text("no picture")


def truncate_photograph(voc):
    path = voc.photograph(IDS[1])
    path.write_bytes(path.read_bytes()[:2000])


def shrink_truth(voc):
    voc.write_map("SegmentationClassAug", IDS[1], np.ones((9, 9), np.uint8))


def shrink_seeds(voc):
    voc.write_map("seeds", IDS[1], np.ones((9, 9), np.uint8))


def colour_truth(voc):
    path = voc.root / "SegmentationClassAug" / f"{IDS[1]}.png"
    Image.new("RGB", SIZE[::-1], "red").save(path)


def colour_seeds(voc):
    Image.new("RGB", SIZE[::-1], "red").save(
        voc.root / "seeds" / f"{IDS[1]}.png"
    )


def invent_true_class(voc):
    voc.write_map("SegmentationClassAug", IDS[1], np.full(SIZE, 21, np.uint8))


def invent_seeded_class(voc):
    voc.write_map("seeds", IDS[1], np.full(SIZE, 77, np.uint8))


def forget_seeds(voc):
    (voc.root / "seeds" / f"{IDS[1]}.png").unlink()


def forget_saliency(voc):
    (voc.root / "saliency" / f"{IDS[1]}.png").unlink()


def forget_truth(voc):
    (voc.root / "SegmentationClassAug" / f"{IDS[1]}.png").unlink()


def put_colours_in_saliency(voc):
    path = voc.root / "saliency" / f"{IDS[1]}.png"
    Image.new("RGB", SIZE[::-1]).save(path)


def leave_as_it_is(voc):
    pass


TINY = (
    "--dataset=synthetic",
    "--num_images=2",
    "--width_multiplier=0.02",
    "--head_channels=2",
    "--input_size=17",
    "--num_steps=1",
    "--batch_size=2",
)


def write_network(folder, width, objects=tuple("abcdef")):
    """A run of bin/train_segmenter, or without objects of train_saliency."""
    num_classes = 1 + len(objects) if objects else 2
    spec = {"name": "deeplab_v1", "num_classes": num_classes}
    spec["head_channels"] = 2
    artifacts.write_json(
        folder / "settings.json",
        {
            "network": {**spec, "width_multiplier": 0.02},
            "input_size": 17,
            "framing": "crop",
            "objects": list(objects) or None,
        },
    )
    network = builders.build({**spec, "width_multiplier": width})
    weights.save(network, folder / "weights.npz")


def rename_saliency(voc):
    (voc.root / "saliency").rename(voc.root / "elsewhere")


def shrink_saliency(voc):
    path = voc.root / "saliency" / f"{IDS[1]}.png"
    artifacts.write_saliency_map(path, np.ones((9, 9)))


def put_text_in_saliency(voc):
    (voc.root / "saliency" / f"{IDS[1]}.png").write_text("no picture")


def forget_all_truth(voc):
    (voc.root / "SegmentationClassAug").rename(voc.root / "elsewhere")


def ignore_all_truth(voc):
    for image_id in IDS:
        nothing = np.full(SIZE, 255, np.uint8)
        voc.write_map("SegmentationClassAug", image_id, nothing)
