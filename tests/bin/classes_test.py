"""1 and 254 classes of any name, through all stages, in folders of any name."""

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts

IMAGE_IDS = ("\u4e0a/a 1", "\u4e0a/b", "c", "x/y/c")
TINY = (
    "--trunk_weights=none",
    "--width_multiplier=0.03",
    "--head_channels=4",
    "--input_size=65",
    "--framing=whole",
    "--batch_size=2",
    "--num_steps=1",
)


def names(num_objects):
    return [
        "\u4ea4\u901a \u706f",
        *(f"class {i}" for i in range(2, num_objects + 1)),
    ]


@pytest.fixture
def photos(tmp_path, num_objects):
    """Four photographs; the last three show the first and the last class."""
    rng = np.random.default_rng(0)
    objects = names(num_objects)
    lines = ["image_id,labels", f"{IMAGE_IDS[0]}.png,"]
    for number, image_id in enumerate(IMAGE_IDS):
        noise = rng.integers(0, 255, (9, 9, 3), np.uint8)
        path = tmp_path / f"photos/{image_id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).resize((72, 68)).save(path)
        mask = np.zeros((68, 72), np.uint8)
        if number:
            mask[10:40, 10:40] = num_objects if number > 1 else 1
            name = objects[-1] if number > 1 else objects[0]
            lines.append(f"{image_id},{name};")
        artifacts.write_label_map(tmp_path / f"masks/{image_id}.png", mask)
    (tmp_path / "photos/class_names.txt").write_text("\n".join(objects))
    (tmp_path / "tags.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize("num_objects", [1, 254])
def test_classes_go_through_all_stages(launcher, photos, num_objects):
    data = ["--dataset=folder", f"--data_dir={photos}/photos"]
    data += [f"--image_labels=csv:{photos}/tags.csv"]
    data += [f"--truth_dir={photos}/masks"]

    def run(binary, *flags):
        done = launcher.run(binary, *data, *flags)
        assert done.returncode == 0, done.stderr
        return done

    run("verify_dataset", f"--output={photos}/page.html")
    seeder = ("--seeder=gap_lowres", f"--work_dir={photos}/seeder")
    run("train_seeder", *TINY, *seeder)
    seeds = f"{photos}/seeds"
    run("make_seeds", f"--seeder_dir={photos}/seeder", f"--output_dir={seeds}")
    guide = ("--guide=seeds_only", f"--seeds_dir={seeds}")
    run("make_guides", *guide, f"--output_dir={photos}/guides")
    run(
        "evaluate_guides",
        f"--guides_dir={photos}/guides",
        f"--output={photos}/guides.json",
    )
    segmenter = f"{photos}/segmenter"
    run("train_segmenter", *TINY, "--guide=full", f"--work_dir={segmenter}")
    predictions = f"{photos}/predictions"
    run(
        "segment_images",
        f"--segmenter_dir={segmenter}",
        f"--output_dir={predictions}",
        "--only_present",
    )
    run(
        "evaluate_segmenter",
        f"--predictions_dir={predictions}",
        f"--output={photos}/scores.json",
    )
    scores = artifacts.read_json(photos / "scores.json")
    assert list(scores["iou"]) == ["background", *names(num_objects)]
    assert scores["images"] == 4
    for folder in (seeds, f"{photos}/guides", predictions):
        assert artifacts.missing(IMAGE_IDS, folder) == []
    run_again = run(
        "segment_images",
        f"--segmenter_dir={segmenter}",
        f"--output_dir={predictions}",
        "--only_present",
    )
    assert "segments" not in run_again.stderr
    exported = launcher.run(
        "export_model",
        f"--segmenter_dir={segmenter}",
        f"--output_dir={photos}/models",
        "--name=own",
    )
    assert exported.returncode == 0, exported.stderr
    text = (photos / "models/own/1/assets.extra/labels.txt").read_text()
    assert text.splitlines() == ["background", *names(num_objects)]
