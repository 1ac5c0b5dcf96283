"""bin/train_seeder: its flags, defaults and bad input."""

import contextlib
import json
from unittest import mock

import numpy as np
import programs
import pytest
from absl import flags
from absl.testing import flagsaver
from binary_calls import (
    TRAINING,
    WORKERS,
    assert_ends_well,
    assert_trained_as_told,
    call_training,
    stand_in,
)
from damaged_data import TINY, error_of, write_network

from guided_segmentation.command_line import strategy_flags, training_flags
from guided_segmentation.datasets import (
    layouts,
    synthetic,
)
from guided_segmentation.errors import InputError
from guided_segmentation.training import (
    clusters,
    fine_tuning,
    workers,
)


def test_the_flags_of_training_are_all_tested_here():
    with programs.loaded("train_seeder"):
        defined = flags.FLAGS.get_key_flags_for_module(training_flags)
    assert {flag.name for flag in defined} == {*TRAINING, *WORKERS}


def test_flags_of_workers_reach_their_strategy(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    given = {**WORKERS, "strategy": "multi_worker"}
    with (
        stand_in(workers, "make_strategy") as made,
        programs.loaded("train_seeder"),
        flagsaver.as_parsed(**given),
    ):
        assert strategy_flags.strategy() is made.return_value
    assert made.call_args == mock.call(clusters.Cluster(("a:1", "b:2"), 1), 7)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"workers": "a:1"}, "--workers wanted --strategy=multi_worker, found"),
        ({"worker_index": "0"}, "--worker_index wanted --strategy=multi_work"),
        ({"worker_wait_seconds": "9"}, "--worker_wait_seconds wanted"),
        (
            {"strategy": "multi_worker", "num_virtual_cpus": "2"},
            "--num_virtual_cpus=2 wanted --strategy=mirrored, found multi_wor",
        ),
    ],
)
def test_flags_of_workers_that_do_not_fit_the_strategy(given, line):
    with (
        programs.loaded("train_seeder"),
        flagsaver.as_parsed(**given),
        pytest.raises(InputError, match=line),
    ):
        strategy_flags.strategy()


def test_flags_reach_what_train_seeder_calls(launcher, capsys):
    with call_training(
        "train_seeder",
        seeder="gap_lowres",
        head_init_stddev="0.01",
        score_init_stddev="0.5",
        sampling="class_balanced",
        held_out="0",
        train_scales="1",
    ) as (train, strategy):
        pass
    network = {
        "name": "gap_lowres",
        "num_objects": synthetic.LABEL_SET.num_objects,
        "head_init_stddev": 0.01,
        "score_init_stddev": 0.5,
    }
    assert_trained_as_told(
        train, strategy, network, scales=(1.0,), sampling="class_balanced"
    )
    source = train.call_args.args[1]
    assert train.call_args.args[2] is source.image_labels
    assert len(source.image_ids) == 2
    assert train.call_args.kwargs["validated"] is None
    assert_ends_well(
        launcher, capsys.readouterr().err, "the network gap_lowres is in /w"
    )


def test_flags_of_deeplab_reach_gap_deeplab():
    with call_training(
        "train_seeder",
        seeder="gap_deeplab",
        head_init_stddev="0.01",
        score_init_stddev="0.5",
        sampling="class_balanced",
        held_out="0",
        train_scales="1",
    ) as (train, _):
        pass
    network = train.call_args.args[0].network
    for name in ("fc6_dilation", "conv5_dilation", "stride", "pooling"):
        assert str(network[name]) == TRAINING[name]


def test_the_classifier_is_trained_as_in_appendix_f():
    """But for what the user says: here all but lr_decay_steps."""
    with call_training(
        "train_seeder",
        seeder="vgg16",
        sampling="shuffled",
        held_out="0",
        head_init_stddev="0.01",
        score_init_stddev="0.5",
        train_scales="1",
        input_size="193",
    ) as (train, _):
        pass
    network = train.call_args.args[0].network
    assert network["name"] == "vgg16"
    assert network["score_init_stddev"] == 0.5
    assert "head_init_stddev" not in network
    assert network["head_channels"] == int(TRAINING["head_channels"])


@pytest.mark.parametrize(
    ("seeder", "steps", "batch", "drop", "channels", "size"),
    [
        ("vgg16", 30_000, 40, 5000, 4096, 224),
        ("gap_highres", 8000, 15, 2000, 1024, 321),
    ],
)
def test_what_is_not_given_is_the_papers(
    seeder, steps, batch, drop, channels, size
):
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        program = stack.enter_context(programs.loaded("train_seeder"))
        stack.enter_context(flagsaver.as_parsed(seeder=seeder, work_dir="/w"))
        program.main(["train_seeder"])
    settings = train.call_args.kwargs["settings"]
    assert (settings.num_steps, settings.batch_size) == (steps, batch)
    assert settings.optimizer.lr_decay_steps == drop
    recipe = train.call_args.args[0]
    assert recipe.network["head_channels"] == channels
    assert recipe.input_size == size


def test_flags_of_held_out_photographs_reach_the_training(capsys):
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        program = stack.enter_context(programs.loaded("train_seeder"))
        given = {"held_out": "0.2", "val_steps": "7", "val_images": "1"}
        given |= {"keep": "best", "num_images": "12", "work_dir": "/w"}
        stack.enter_context(flagsaver.as_parsed(**given))
        program.main(["train_seeder"])
    validated = train.call_args.kwargs["validated"]
    assert (validated.name, validated.steps) == ("map", 7)
    assert validated.keep == "best"
    assert {*validated.images} == {"held_out", "count", "image labels"}
    assert validated.images["held_out"] == 0.2
    assert validated.images["count"] == 1
    assert len(train.call_args.args[1].image_ids) == 10
    assert "held out: 2 of 12 images" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["val_steps=5", "val_images=5", "keep=last"])
def test_scores_need_held_out_photographs(launcher, tmp_path, flag):
    done = launcher.run(
        "train_seeder", *TINY, f"--{flag}", f"--work_dir={tmp_path}/run"
    )
    assert error_of(done) == (
        f"error: --{flag.partition('=')[0]} wanted --held_out, which says what "
        f"is scored while the network trains; found none"
    )
    assert not (tmp_path / "run").exists()


def test_a_network_is_scored_on_held_out_scenes(launcher, tmp_path):
    done = launcher.run(
        "train_seeder",
        *TINY,
        "--num_images=12",
        "--trunk_weights=none",
        "--input_size=65",
        "--held_out=0.2",
        "--keep=best",
        f"--work_dir={tmp_path}/run",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "run" / "validation.json").read_text())
    assert told["kept"] == told["best_step"] is not None
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["images"] == 10
    assert settings["validation"]["images"]["count"] == 2
    assert (tmp_path / "run" / "weights.npz").exists()


def test_weights_of_another_shape_do_not_start_a_training(launcher, tmp_path):
    write_network(tmp_path / "run", width=0.04)
    done = launcher.run(
        "train_seeder",
        *TINY,
        f"--trunk_weights={tmp_path}/run",
        f"--work_dir={tmp_path}/out",
    )
    assert "conv1_1/kernel has shape" in error_of(done)
    assert not list((tmp_path / "out").rglob("*.npz"))


def test_the_classifier_needs_photographs_as_large_as_its_window(
    launcher, tmp_path
):
    done = launcher.run(
        "train_seeder",
        "--seeder=vgg16",
        "--trunk_weights=none",
        "--input_size=121",
        f"--work_dir={tmp_path}/run",
    )
    assert "wanted an input_size of at least 193 for vgg16" in error_of(done)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_ends_a_training_and_leaves_no_weights(launcher, tmp_path):
    done = launcher.run(
        "train_seeder",
        *TINY,
        "--trunk_weights=none",
        f"--work_dir={tmp_path}/run",
        file_limit=6000,
    )
    assert "File too large" in error_of(done)
    assert not list(tmp_path.rglob("*.npz"))
    settings = (tmp_path / "run" / "settings.json").read_text()
    assert json.loads(settings)["input_size"] == 17


def test_a_full_disk_leaves_no_half_cache_of_features(launcher, tmp_path):
    done = launcher.run(
        "train_seeder",
        *TINY,
        "--trunk_weights=none",
        "--input_size=65",
        "--framing=whole",
        "--freeze_through=conv1_2",
        f"--features_dir={tmp_path}/features",
        f"--work_dir={tmp_path}/run",
        file_limit=6000,
    )
    line = error_of(done)
    assert "File too large" in line
    assert "/features.npy'" in line
    (left,) = (tmp_path / "features").rglob("*.*")
    assert left.name == "key.json"


def write_photographs(folder):
    for name in ("a", "b"):
        image = np.full((20, 20, 3), 90, np.uint8)
        layouts.write_photograph(folder / f"{name}.jpg", image)
    (folder / "class_names.txt").write_text("cat\ndog\n")
    return write_tags(folder, "cat", "dog")


def write_tags(folder, *tags):
    lines = (f"{name},{tag}" for name, tag in zip("ab", tags, strict=True))
    text = "\n".join(["image_id,labels", *lines])
    (folder / "tags.csv").write_text(text)
    return folder / "tags.csv"


def test_a_finished_network_stays_unless_its_tags_changed(launcher, tmp_path):
    tags = write_photographs(tmp_path / "photos")

    def train():
        return launcher.run(
            "train_seeder",
            *TINY,
            "--trunk_weights=none",
            "--dataset=folder",
            f"--data_dir={tags.parent}",
            f"--image_labels=csv:{tags}",
            f"--work_dir={tmp_path}/run",
        )

    assert train().returncode == 0
    before = (tmp_path / "run" / "settings.json").read_text()
    again = train()
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "settings.json").read_text() == before
    write_tags(tags.parent, "cat", "cat dog")
    assert error_of(train()).endswith(
        "run was made from other image labels: their content changed since; "
        "choose another folder, or delete this one"
    )


def test_seeds_of_images_whose_tags_changed_are_refused(launcher, tmp_path):
    tags = write_photographs(tmp_path / "photos")
    programs.write_seeder(tmp_path / "run", ["cat", "dog"])

    def make():
        return launcher.run(
            "make_seeds",
            "--dataset=folder",
            f"--data_dir={tags.parent}",
            f"--image_labels=csv:{tags}",
            f"--seeder_dir={tmp_path}/run",
            f"--output_dir={tmp_path}/seeds",
        )

    assert make().returncode == 0
    assert make().returncode == 0
    write_tags(tags.parent, "cat", "cat dog")
    assert (
        "seeds: the image labels of 1 images changed since it was made, "
        in (error_of(make()))
    )
    (tmp_path / "seeds" / "b.png").unlink()
    assert make().returncode == 0
