"""Programs that stand for the binaries, and scores that stand for theirs."""

import pathlib

import numpy as np

from guided_segmentation import artifacts, experiments
from guided_segmentation.datasets import synthetic
from guided_segmentation.experiments import ledger

BINARIES = {
    "train_seeder", "make_seeds", "train_saliency", "make_saliency",
    "make_guides", "evaluate_guides", "train_segmenter", "segment_images",
    "evaluate_segmenter", "evaluate_seeds",
}  # fmt: skip

# Stands for every binary: a folder of maps, or scores that follow its flags.
STAND_IN = """
import json, os, pathlib, signal, sys, zlib
if sys.argv[-1] == "--only_check_args":
    sys.exit("error: no --typo" if "--typo" in sys.argv else 0)
flags = dict(each[2:].partition("=")[::2] for each in sys.argv[1:])
here = pathlib.Path(sys.argv[0])
told = " ".join(each for each in sys.argv[1:] if "work_" not in each)
score = zlib.crc32(told.encode()) % 1000 / 1000
def point(value):
    return [value] if "evaluate_seeds" in str(here) else value
if "output" in flags:
    path = pathlib.Path(flags["output"])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({
        "mp": score, "map": score if "seeder_dir" in flags else None,
        "miou": score, "iou": {"background": score, "rook": None},
        "images": 1, "ignored": 0.125, "labelled_only": {"miou": score},
        "fg": {"precision": point(score), "recall": point(0.5)},
        "bg": {"precision": point(0.75), "recall": point(None)},
    }))
else:
    folder = pathlib.Path(flags.get("output_dir") or flags["work_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    for image_id in IMAGE_IDS:
        content = here.with_name("map.png").read_bytes()
        (folder / f"{image_id}.png").write_bytes(content)
if os.environ.get("DIE_AFTER") == here.name:
    os.kill(os.getppid(), signal.SIGKILL)
"""


def write_binaries(folder: pathlib.Path) -> pathlib.Path:
    """Writes a program for each binary that makes what it would make."""
    folder.mkdir()
    sources = [
        synthetic.source(name, num_images=1) for name in ("train", "val")
    ]
    ids = [source.image_ids[0] for source in sources]
    for name in BINARIES:
        text = STAND_IN.replace("IMAGE_IDS", repr(ids))
        (folder / name).write_text(text)
    label_map = sources[0].label_map(ids[0])
    nothing = np.zeros(label_map.shape)
    artifacts.write_saliency_map(folder / "map.png", nothing)  # Grey is both.
    return folder


def plan(*names, **settings):
    return experiments.plan(experiments.Settings(guides=names, **settings))


def names(found):
    return [stage.name for stage in found]


def command(found, name):
    return next(stage.command for stage in found if stage.name == name)


def write_scores(work_dir, guide, miou, crf=None):
    folder = work_dir / "evaluation"
    guide_scores = {
        "miou": 0.5, "iou": {"background": 1.0}, "images": 4, "ignored": 0.1,
        "fg": {"precision": 0.7, "recall": 0.6},
        "bg": {"precision": 0.8, "recall": 0.9},
    }  # fmt: skip
    artifacts.write_json(folder / f"guides_{guide}.json", guide_scores)
    scores = {"miou": miou, "iou": {"background": miou}, "images": 3}
    artifacts.write_json(folder / f"segmenter_{guide}.json", scores)
    if crf is not None:
        path = folder / f"segmenter_{guide}_crf.json"
        artifacts.write_json(path, {**scores, "miou": crf})


def summarized(work_dir, found):
    records = ledger.Ledger(work_dir)
    for stage in found:
        records.write(stage.name, seconds=1.26, done=True)
    return experiments.summarize(work_dir, found)
