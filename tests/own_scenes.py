"""Drawn scenes as a user's photographs, and programs in place of binaries."""

import json
import pathlib

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import layouts, synthetic
from guided_segmentation.own_photographs import chain, settings

STAGES = (
    "train_seeder", "make_seeds", "make_saliency", "make_guides",
    "train_segmenter", "segment_images", "export_model",
)  # fmt: skip

# Settings of thin networks, which learn little in little time.
TINY = {
    "precision": "float32",
    "trunk_weights": "none",
    "input_size": 65,
    "width_multiplier": 0.05,
    "head_channels": 8,
    "seeder_steps": 6,
    "seeder_batch_size": 4,
    "segmenter_steps": 6,
    "segmenter_batch_size": 4,
    "train_scales": [1],
    "scales": [1],
    "flip": False,
    "guide": "g2",
}

SPEEDS = {
    "start": 2.0, "build": 1.0, "features": 0.5, "head": 0.0625, "seeder": 0.25,
    "segmenter": 0.5, "prediction": 0.125, "crf": 0.25, "saliency": 0.0625,
}  # fmt: skip


def probe(chosen, num_objects, pixels):
    """Stands for the process that times single steps."""
    return {
        "precision": "float32",
        "precision_seconds": {"float32": 0.25, "mixed_bfloat16": 4.0},
        "gpus": [],
        "seconds": dict(SPEEDS),
    }


# Stands for every binary: a map for each photograph that has none, or weights.
STAND_IN = """
import os, pathlib, signal, sys
flags = dict(each[2:].partition("=")[::2] for each in sys.argv[1:])
here = pathlib.Path(sys.argv[0])
with (here.parent / "calls").open("a") as calls:
    calls.write(here.name + " " + " ".join(sys.argv[1:]) + chr(10))
if os.environ.get("FAIL_IN") == here.name:
    sys.exit("error: it was told to fail")
folder = pathlib.Path(flags.get("work_dir") or flags["output_dir"])
folder.mkdir(parents=True, exist_ok=True)
if here.name == "export_model":
    place = folder / flags["name"] / flags["version"]
    place.mkdir(parents=True)
elif "work_dir" in flags:
    (folder / "weights.npz").write_text("")
else:
    content = here.with_name(f"{folder.name}.png").read_bytes()
    for photograph in sorted(pathlib.Path(flags["data_dir"]).iterdir()):
        path = folder / f"{photograph.stem}.png"
        if photograph.suffix == ".jpg" and not path.exists():
            path.write_bytes(content)
            with (here.parent / "made").open("a") as made:
                made.write(f"{folder.name}/{photograph.stem} ")
if os.environ.get("DIE_AFTER") == here.name:
    os.kill(os.getppid(), signal.SIGKILL)
"""


def write_binaries(folder: pathlib.Path) -> pathlib.Path:
    """Writes a program for each binary that makes what it would make."""
    folder.mkdir()
    for name in STAGES:
        (folder / name).write_text(STAND_IN)
    scene = synthetic.source("train", num_images=1)
    size = scene.image(scene.image_ids[0]).shape[:2]
    nothing = np.zeros(size, np.uint8)
    for name in ("seeds", "guides", "masks"):
        artifacts.write_label_map(folder / f"{name}.png", nothing)
    artifacts.write_saliency_map(folder / "saliency_maps.png", nothing)
    return folder


class Photos:
    """A folder of drawn scenes, with their tags in a CSV."""

    def __init__(self, folder: pathlib.Path, count: int, first: int = 0):
        self.folder, self.tags_file = folder / "photos", folder / "tags.csv"
        self.folder.mkdir(parents=True)
        self.tags: dict[str, list[str]] = {}
        self.add(count, first)

    def add(self, count: int, first: int = 0) -> list[str]:
        """Adds scenes; returns their ids."""
        scenes = synthetic.source("train", num_images=first + count)
        objects = scenes.label_set.objects
        added = list(scenes.image_ids[first:])
        for image_id in added:
            path = self.folder / f"{image_id}.jpg"
            layouts.write_photograph(path, scenes.image(image_id))
            present = scenes.image_labels(image_id).nonzero()[0]
            self.tags[image_id] = [objects[index] for index in present]
        self.write_tags()
        return added

    def write_tags(self) -> None:
        lines = [f"{i},{' '.join(tags)}" for i, tags in self.tags.items()]
        self.tags_file.write_text("\n".join(["image_id,labels", *lines, ""]))

    def retag(self, image_id: str, *tags: str) -> None:
        self.tags[image_id] = list(tags)
        self.write_tags()


class User:
    """Calls make_masks on drawn scenes, with programs for the binaries."""

    def __init__(self, tmp_path: pathlib.Path, count: int = 12):
        self.photos = Photos(tmp_path, count)
        self.out = tmp_path / "out"
        self.bin_dir = write_binaries(tmp_path / "bin")

    def call(self, **given):
        """Calls make_masks with thin networks, unless `given` says else."""
        return chain.make_masks(
            self.photos.folder,
            f"csv:{self.photos.tags_file}",
            self.out,
            **{"probe": probe, "bin_dir": self.bin_dir, **TINY, **given},
        )

    def new_calls(self) -> list[str]:
        """Names of the binaries called since the last question."""
        path = self.bin_dir / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line.partition(" ")[0] for line in lines]

    def new_maps(self, folder: str) -> list[str]:
        """Ids of the maps made in a folder since the last question."""
        path = self.bin_dir / "made"
        made = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return [
            each.partition("/")[2]
            for each in made
            if each.startswith(f"{folder}/")
        ]

    @property
    def record(self) -> dict:
        return json.loads((self.out / "settings.json").read_text())

    def command(self, stage: str) -> str:
        stages = json.loads((self.out / "stages.json").read_text())
        return stages[stage]["command"]


def chosen(**given):
    """Settings with the values of TINY where they are not given."""
    defaults = {
        "saliency": "builtin", "seeder": "gap_lowres", "threshold": 0.2,
        "framing": "whole", "freeze_through": "conv4_3",
        "learning_rate": 1e-4, "crf_loss": "v2", "saliency_weight": 0.5,
        "crf": "deeplab", "seed": 0,
    }  # fmt: skip
    return settings.Settings(**settings.checked({**defaults, **TINY, **given}))


def middle(shape):
    """[height, width] float32 saliency, whose middle stands out."""
    height, width = shape
    found = np.zeros(shape, np.float32)
    found[height // 4 : -height // 4, width // 4 : -width // 4] = 1
    return found


def size_of(photos, image_id):
    """Height and width of a photograph."""
    return artifacts.read_size(photos.folder / f"{image_id}.jpg")


def flags_of(given):
    """Settings as flags of bin/make_masks."""
    texts = {
        name: ",".join(map(str, each)) if isinstance(each, list) else each
        for name, each in given.items()
    }
    return [f"--{name}={text}" for name, text in texts.items()]
