"""Folders at URLs: the same files, or a refusal in one line."""

import json

import numpy as np
import object_store
import programs
import pytest
from damaged_data import write_network
from PIL import Image

from guided_segmentation import artifacts

OBJECTS = ["apple", "pear"]
NAMES = ("a", "more/b", "c")


def write_inputs(root):
    """Photographs with tags and truth, and two networks."""
    rng = np.random.default_rng(0)
    for index, name in enumerate(NAMES):
        image = rng.integers(0, 256, (32, 40, 3), np.uint8)
        path = root / "photos" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        truth = np.zeros((32, 40), np.uint8)
        truth[8:20, 10:30] = 1 + index % 2
        artifacts.write_label_map(root / "truth" / f"{name}.png", truth)
    (root / "tags.csv").write_text(
        "image_id,labels\na,apple\nmore/b,pear\nc,apple\n"
    )
    programs.write_seeder(root / "seeder", OBJECTS)
    write_network(root / "saliency", 0.02, objects=())
    write_network(root / "segmenter", 0.02, OBJECTS)


def commands(root):
    """The chain from photographs to scores, below a folder or URL."""
    data = ["--dataset=folder", f"--data_dir={root}/photos"]
    tags = [*data, f"--image_labels=csv:{root}/tags.csv"]
    maps = [f"--seeds_dir={root}/seeds", f"--saliency_dir={root}/maps"]
    guides, truth = f"{root}/guides/g2", f"--truth_dir={root}/truth"
    return {
        "make_seeds": [
            *tags,
            f"--seeder_dir={root}/seeder",
            f"--output_dir={root}/seeds",
            f"--score_maps_dir={root}/score_maps",
        ],
        "make_saliency": [
            *data,
            f"--saliency_net_dir={root}/saliency",
            f"--output_dir={root}/maps",
            f"--contact_sheet={root}/sheet.png",
        ],
        "make_guides": [*tags, *maps, f"--output_dir={guides}"],
        "evaluate_guides": [
            *tags,
            truth,
            f"--guides_dir={guides}",
            f"--saliency_dir={root}/maps",
            f"--output={root}/evaluation/g2.json",
        ],
        "segment_images": [
            *data,
            f"--segmenter_dir={root}/segmenter",
            f"--output_dir={root}/predictions",
            f"--crf_dir={root}/predictions/crf",
            f"--probabilities_dir={root}/probabilities",
            "--crf=mild",
            "--overlay",
        ],
    }


def scores(content):
    """Scores of an evaluation, without the names of folders."""
    found = json.loads(content)
    return {
        key: value
        for key, value in found.items()
        if key not in ("command", "guides_dir")
    }


@pytest.fixture(scope="module")
def store():
    with object_store.serving() as found:
        yield found


def test_label_making_on_an_object_store_writes_the_files_of_a_local_run(
    launcher, tmp_path, store
):
    local = tmp_path / "local"
    write_inputs(local)
    store.put(local, "run")
    for name, arguments in commands(local).items():
        done = launcher.run(name, *arguments)
        assert done.returncode == 0, done.stderr
    for name, arguments in commands("s3://bucket/run").items():
        done = launcher.run(name, *arguments)
        assert done.returncode == 0, done.stderr
    wanted, found = object_store.content(local), store.content("run")
    assert found.keys() == wanted.keys()
    for name, content in wanted.items():
        if name.startswith("evaluation/") and name.endswith(".json"):
            assert scores(found[name]) == scores(content), name
        else:
            assert found[name] == content, name
