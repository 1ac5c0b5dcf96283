"""Every binary of bin/: installed, explained, and true to its flags."""

import configparser
import contextlib
import dataclasses
import importlib
import pathlib
import pkgutil
import shlex
import stat
from unittest import mock

import keras
import numpy as np
import programs
import pytest
from absl import flags
from absl.testing import flagsaver

import guided_segmentation
from guided_segmentation import (
    artifacts,
    benchmarks,
    crf,
    experiments,
    guides,
    provenance,
    segmenter,
)
from guided_segmentation.command_line import (
    data_flags,
    guide_flags,
    network_flags,
)
from guided_segmentation.datasets import (
    folder,
    layouts,
    msra,
    pascal_voc,
    synthetic,
)
from guided_segmentation.demo import page, session, upload
from guided_segmentation.evaluation import (
    folders,
    image_areas,
    mean_iou,
    saliency_curves,
    seed_curves,
)
from guided_segmentation.experiments import (
    flagfiles,
    runner,
    table_1,
    table_4_5,
)
from guided_segmentation.guides import labelling
from guided_segmentation.networks import prediction, region_logits, weights
from guided_segmentation.report import figures, masks_page, table_2
from guided_segmentation.saliency import detector, grabcut
from guided_segmentation.seeders import (
    backprop,
    cam,
    center_mean_shape,
    grad_cam,
    seeds,
)
from guided_segmentation.serving import converters, saved_model, servables
from guided_segmentation.serving.client import address, connection
from guided_segmentation.training import (
    fine_tuning,
    optimizers,
    recipe,
    trainer,
)

FLAGFILES = sorted((programs.ROOT / "flags").glob("*/*.flags"))
EXPERIMENTS = [path for path in FLAGFILES if path.stem == "experiment"]
every_binary = pytest.mark.parametrize("name", programs.NAMES)


@pytest.fixture(scope="module")
def launcher():
    found = programs.Launcher()
    yield found
    found.close()


@contextlib.contextmanager
def calling(binary, /, *patches, **given):
    """Calls main of bin/`binary` where other functions stand in for the work.

    Args:
      binary: Its name.
      *patches: What mock.patch.object returns.
      **given: Flags, as a user would type them.

    Yields:
      The stand-ins.
    """
    with contextlib.ExitStack() as stack:
        for module, function in CHECKS:
            stack.enter_context(stand_in(module, function))
        stand_ins = [stack.enter_context(patch) for patch in patches]
        program = stack.enter_context(programs.loaded(binary))
        untested = own_flags(program) - given.keys()
        assert not untested, "give these another value, and see it arrive"
        stack.enter_context(flagsaver.as_parsed(**given))
        program.main([binary])
        yield stand_ins


# What would look at networks and folders that are not there.
CHECKS = (
    (provenance, "record_or_check_maps"),
    (prediction, "require_saliency_net"),
    (prediction, "require_segmenter"),
)


def own_flags(program):
    """Names of the flags that a binary defines itself."""
    values = vars(program).values()
    return {each.name for each in values if isinstance(each, flags.FlagHolder)}


def stand_in(module, function, result=None):
    return mock.patch.object(module, function, return_value=result)


# Installation and help.


def test_exactly_the_binaries_are_installed():
    metadata = configparser.ConfigParser()
    metadata.read(programs.ROOT / "setup.cfg")
    scripts = metadata["options"]["scripts"].split()
    assert scripts == [f"bin/{name}" for name in programs.NAMES]


@every_binary
def test_a_binary_is_an_executable_python_program(name):
    path = programs.ROOT / "bin" / name
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text().startswith("#!/usr/bin/env python3\n")


@every_binary
def test_help_shows_the_docstring_with_an_example(launcher, name):
    shown = launcher.run(name, "--help")
    assert shown.returncode == 1  # absl's way.
    with programs.loaded(name) as program:
        docstring = program.__doc__
    assert docstring.strip() in shown.stdout
    assert f"bin/{name} --" in docstring
    assert docstring.splitlines()[0].endswith(".")


@every_binary
def test_help_shows_the_flags_that_the_binary_defines(launcher, name):
    shown = launcher.run(name, "--help").stdout.replace("[no]", "")
    with programs.loaded(name) as program:
        own = own_flags(program)
    assert own
    assert not [each for each in own if f"--{each}:" not in shown]


@every_binary
def test_the_example_of_a_docstring_fits_the_binary(launcher, name):
    with programs.loaded(name) as program:
        text = program.__doc__.replace("\\\n", " ")
    examples = [
        shlex.split(line)[1:]
        for line in text.splitlines()
        if line.strip().startswith(f"bin/{name} --")
    ]
    assert examples
    for example in examples:
        done = launcher.run(name, *example, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, "")


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", FLAGFILES, ids=name_of)
def test_a_flagfile_fits_its_binary(launcher, path):
    text = path.read_text()
    if text.startswith("# For "):  # Included by files that are tried here.
        users = [other for other in FLAGFILES if includes(other, path)]
        assert users
        return
    binary = text.removeprefix("# bin/").partition(":")[0]
    assert binary in programs.NAMES
    done = launcher.run(binary, f"--flagfile={path}", "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")


def includes(path, other):
    line = f"--flagfile={other.relative_to(programs.ROOT)}"
    return line in path.read_text().splitlines()


def planned(path):
    """The stages of an experiment's flagfile, and the flags of its files."""
    with programs.loaded("run_experiment") as program, flagsaver.flagsaver():
        flags.FLAGS(["run_experiment", f"--flagfile={path}"])
        files = flagfiles.read(program.STAGE_FLAGS.value)
        return experiments.plan(program.settings(files)), files


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_an_experiment_fits_the_binaries_of_all_stages(
    launcher, path, monkeypatch
):
    monkeypatch.chdir(programs.ROOT)  # Flagfiles name each other from there.
    plan, _ = planned(path)
    assert plan
    first = {stage.command[1:]: stage for stage in plan}
    for stage in first.values():
        done = launcher.run(*stage.command, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), stage


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_a_file_on_its_own_does_what_the_stage_of_an_experiment_does(
    path, monkeypatch
):
    """But for --crf_dir, which an experiment gives only with --crf."""
    monkeypatch.chdir(programs.ROOT)
    plan, files = planned(path)
    commands = [{*stage.command} - {f"{CRF_DIR}/crf"} for stage in plan]
    for own in path.parent.glob("*.flags"):
        text = own.read_text()
        if text.startswith("# For ") or own == path:
            continue
        binary = text.removeprefix("# bin/").partition(":")[0]
        alone = {binary, *files[own.stem]} - {f"{CRF_DIR}/crf"}
        assert alone in commands, own


CRF_DIR = "--crf_dir={work_dir}/predictions/g2"


def test_only_the_modules_of_flags_define_flags():
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(
            guided_segmentation.__path__, "guided_segmentation."
        )
    ]
    defining = {
        module.__name__
        for module in modules
        if flags.FLAGS.flags_by_module_dict().get(module.__name__)
    }
    assert all(name in programs.FLAGS_MODULES for name in defining)


# Flags reach the functions that do the work, each with another value than its
# default.

TRAINING = {
    "work_dir": "/w",
    "num_steps": "3",
    "batch_size": "4",
    "optimizer": "adam",
    "learning_rate": "0.5",
    "schedule": "poly",
    "lr_decay_steps": "5",
    "momentum": "0.25",
    "weight_decay": "0.125",
    "head_lr_multiplier": "6",
    "head_layers": "fc7,score",
    "clip_norm": "7",
    "seed": "8",
    "checkpoint_steps": "9",
    "trunk_weights": "none",
    "freeze_through": "conv1_2",
    "features_dir": "/f",
    "data_dependent_init": "true",
    "width_multiplier": "0.75",
    "head_channels": "11",
    "fc6_dilation": "6",
    "conv5_dilation": "4",
    "stride": "16",
    "pooling": "2x2",
    "dropout": "0.375",
    "input_size": "65",
    "framing": "whole",
    "train_scales": "0.75,1.25",
    "strategy": "one_device",
    "num_virtual_cpus": "2",
}
TRAIN_SETTINGS = trainer.TrainSettings(
    num_steps=3,
    batch_size=4,
    optimizer=optimizers.OptimizerSettings(
        algorithm="adam",
        learning_rate=0.5,
        schedule="poly",
        lr_decay_steps=5,
        momentum=0.25,
        weight_decay=0.125,
        head_lr_multiplier=6.0,
        head_layers=("fc7", "score"),
        clip_norm=7.0,
    ),
    precision="mixed_bfloat16",
    seed=8,
    checkpoint_steps=9,
)
THIN = {"width_multiplier": 0.75, "head_channels": 11, "dropout": 0.375}
FEW = {"dataset": "synthetic", "num_images": "2"}


def assert_trained_as_told(
    train,
    strategy,
    network,
    scales=(0.75, 1.25),
    head=THIN,
    **changes,
):
    wanted = recipe.Recipe(
        network={**network, **head},
        trunk_weights="none",
        freeze_through="conv1_2",
        data_dependent_init=True,
        input_size=65,
        framing="whole",
        scales=scales,
        **changes,
    )
    assert train.call_args.args[0] == wanted
    told = train.call_args.kwargs
    assert told["settings"] == TRAIN_SETTINGS
    assert str(told["work_dir"]) == "/w"
    assert told["features_dir"] == "/f"
    assert told["strategy"] is strategy.return_value
    assert strategy.call_args == mock.call("one_device", 2)


def call_training(name, *patches, **given):
    return calling(
        name,
        stand_in(fine_tuning, "train"),
        stand_in(trainer, "make_strategy", object()),
        *patches,
        **FEW,
        **{**TRAINING, **given},
        precision="mixed_bfloat16",
    )


def test_the_flags_of_training_are_all_tested_here():
    module = "guided_segmentation.command_line.training_flags"
    defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} == TRAINING.keys()


def test_flags_reach_what_train_seeder_calls():
    with call_training(
        "train_seeder",
        seeder="gap_lowres",
        head_init_stddev="0.01",
        score_init_stddev="0.5",
        sampling="class_balanced",
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


def test_flags_of_deeplab_reach_gap_deeplab():
    with call_training(
        "train_seeder",
        seeder="gap_deeplab",
        head_init_stddev="0.01",
        score_init_stddev="0.5",
        sampling="class_balanced",
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
    ("seeder", "steps", "batch", "drop", "channels"),
    [
        ("vgg16", 30_000, 40, 5000, 4096),
        ("gap_highres", 8000, 15, 2000, 1024),
    ],
)
def test_what_is_not_given_is_the_papers(seeder, steps, batch, drop, channels):
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        program = stack.enter_context(programs.loaded("train_seeder"))
        stack.enter_context(flagsaver.as_parsed(seeder=seeder, work_dir="/w"))
        program.main(["train_seeder"])
    settings = train.call_args.kwargs["settings"]
    assert (settings.num_steps, settings.batch_size) == (steps, batch)
    assert settings.optimizer.lr_decay_steps == drop
    assert train.call_args.args[0].network["head_channels"] == channels


def test_flags_reach_what_train_saliency_calls():
    with call_training(
        "train_saliency",
        stand_in(grabcut, "make_masks"),
        stand_in(masks_page, "write_page"),
        network="deeplab_v2",
        average_box="median",
        grabcut_steps="2",
        masks_dir="/m",
        num_pictures="7",
    ) as (train, strategy, make_masks, write_page):
        pass
    network = {"name": "deeplab_v2", "num_classes": 2}
    assert_trained_as_told(
        train, strategy, network, head={"width_multiplier": 0.75}
    )
    source, masks_dir, settings = make_masks.call_args.args
    assert source.boxes is not None
    assert str(masks_dir) == "/m"
    assert settings == grabcut.GrabCutSettings(average="median", num_steps=2)
    path, *made, num_pictures = write_page.call_args.args
    assert (str(path), num_pictures) == ("/w/masks.html", 7)
    assert made == [source, masks_dir, settings]


def test_flags_of_deeplab_v1_reach_its_saliency_net():
    with call_training(
        "train_saliency",
        stand_in(grabcut, "make_masks"),
        stand_in(masks_page, "write_page"),
        network="deeplab_v1",
        average_box="mean",
        grabcut_steps="2",
        masks_dir="/m",
        num_pictures="7",
    ) as (train, strategy, *_):
        pass
    network = {
        "name": "deeplab_v1",
        "num_classes": 2,
        "fc6_dilation": 6,
        "conv5_dilation": 4,
        "stride": 16,
        "pooling": "2x2",
    }
    assert_trained_as_told(train, strategy, network)


@pytest.mark.parametrize(
    ("network", "schedule", "scales"),
    [
        ("deeplab_v1", (8000, 15, 1e-3, "step", 2000), (1.0,)),
        (
            "deeplab_v2",
            (20_000, 10, 2.5e-4, "poly", 2000),
            (0.5, 0.75, 1.0, 1.25, 1.5),
        ),
    ],
)
def test_the_saliency_net_is_trained_as_its_authors_did(
    network, schedule, scales
):
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        stack.enter_context(stand_in(grabcut, "make_masks"))
        stack.enter_context(stand_in(masks_page, "write_page"))
        program = stack.enter_context(programs.loaded("train_saliency"))
        stack.enter_context(flagsaver.as_parsed(network=network, work_dir="/w"))
        program.main(["train_saliency"])
    chosen, settings = (
        train.call_args.args[0],
        train.call_args.kwargs["settings"],
    )
    sgd = settings.optimizer
    assert (chosen.input_size, chosen.framing) == (321, "crop")
    assert chosen.scales == scales
    assert schedule == (
        settings.num_steps,
        settings.batch_size,
        sgd.learning_rate,
        sgd.schedule,
        sgd.lr_decay_steps,
    )
    assert (sgd.momentum, sgd.weight_decay, sgd.head_lr_multiplier) == (
        0.9,
        5e-4,
        10,
    )
    heads = {
        "deeplab_v1": ("score", "fc8"),
        "deeplab_v2": ("fc1_rate6", "fc1_rate12", "fc1_rate18", "fc1_rate24"),
    }
    assert sgd.head_layers == heads[network]


GUIDE_FLAGS = {
    "guide": "g1",
    "seeds_dir": "/s",
    "saliency_dir": "/m",
    "classifier_dir": "/c",
    "guide_preset": "released",
    "seed_min_area": "3",
    "saliency_min_area": "0.5",
    "in_doubt": "ignore",
    "no_gain": "ignore",
    "unary": "prob",
    "guide_crf": "sec",
    "crf_extent": "region",
}
GUIDE_SETTINGS = guides.GuideSettings(
    seed_min_area_px=3,
    saliency_min_area=0.5,
    in_doubt="ignore",
    no_gain="ignore",
    unary="prob",
    crf=crf.SEC,
    crf_extent="region",
)


def classifying():
    """Stands in for the classifier of G1."""
    network = mock.Mock()
    network.name = "vgg16"
    return (
        stand_in(network_flags, "trained", (network, TRAINED)),
        stand_in(region_logits, "classifier", "classifier"),
    )


def assert_labelled_as_told(labeller, load, classifier):
    guide, source = labeller.call_args.args
    assert guide == "g1"
    assert source.name.startswith("synthetic")
    assert load.call_args == mock.call("/c")
    assert classifier.call_args == mock.call(load.return_value[0], 65)
    assert labeller.call_args.kwargs == {
        "seeds_dir": "/s",
        "saliency_dir": "/m",
        "classifier": "classifier",
        "settings": GUIDE_SETTINGS,
    }


def test_the_flags_of_guides_are_all_tested_here():
    module = "guided_segmentation.command_line.guide_flags"
    defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} < GUIDE_FLAGS.keys()


@pytest.mark.parametrize("preset", guides.PRESETS)
def test_a_preset_holds_where_no_flag_is_given(preset):
    with flagsaver.as_parsed(guide_preset=preset):
        assert guide_flags.settings() == guides.PRESETS[preset]
    with flagsaver.as_parsed(
        seed_min_area="0", unary="log", guide_crf="none", guide_preset=preset
    ):
        assert guide_flags.settings() == dataclasses.replace(
            guides.PRESETS[preset],
            seed_min_area_px=0,
            unary="log",
            crf=crf.NONE,
        )


def test_flags_reach_what_train_segmenter_calls():
    with call_training(
        "train_segmenter",
        stand_in(labelling, "labeller", "label"),
        stand_in(labelling, "remembered", "remembered"),
        *classifying(),
        **GUIDE_FLAGS,
        guide_cache="file",
        guides_dir="/g",
        crf_loss="v1",
        crf_loss_weight="0.5",
    ) as (train, strategy, labeller, remembered, *classifier):
        pass
    classes = synthetic.LABEL_SET.num_classes
    network = {
        "name": "deeplab_v1",
        "num_classes": classes,
        "fc6_dilation": 6,
        "conv5_dilation": 4,
        "stride": 16,
        "pooling": "2x2",
    }
    crf_loss = recipe.CrfLoss(settings=crf.SEC, weight=0.5)
    assert_trained_as_told(train, strategy, network, crf_loss=crf_loss)
    assert_labelled_as_told(labeller, *classifier)
    source = train.call_args.args[1]
    assert remembered.call_args == mock.call(
        "label", pathlib.Path("/g"), source=source
    )
    assert train.call_args.args[2] == "remembered"
    assert train.call_args.kwargs["record"]["guide"] == "g1"
    assert train.call_args.kwargs["record"]["unary"] == "prob"


def test_flags_reach_what_make_guides_calls():
    with calling(
        "make_guides",
        stand_in(labelling, "labeller", "label"),
        stand_in(labelling, "make_guides"),
        *classifying(),
        **FEW,
        **GUIDE_FLAGS,
        output_dir="/o",
    ) as (labeller, make_guides, *classifier):
        pass
    assert_labelled_as_told(labeller, *classifier)
    source = labeller.call_args.args[1]
    assert make_guides.call_args == mock.call("label", source, "/o")


def test_g1_is_the_same_ahead_and_inside_the_training(launcher, tmp_path):
    """With two replicas, so that the classifier runs beside them."""
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        salient = source.label_map(image_id) % 255 > 0
        path = tmp_path / "saliency" / f"{image_id}.png"
        artifacts.write_saliency_map(path, salient)
    objects = list(source.label_set.objects)
    programs.write_seeder(tmp_path / "vgg16", objects, "vgg16")
    guide = (
        "--guide=g1",
        "--num_images=3",
        f"--saliency_dir={tmp_path}/saliency",
        f"--classifier_dir={tmp_path}/vgg16",
    )
    ahead = launcher.run("make_guides", *guide, f"--output_dir={tmp_path}/g1")
    assert ahead.returncode == 0, ahead.stderr
    done = launcher.run(
        "train_segmenter",
        *guide,
        f"--work_dir={tmp_path}/segmenter",
        "--guide_cache=file",
        "--trunk_weights=none",
        "--width_multiplier=0.02",
        "--head_channels=2",
        "--input_size=65",
        "--batch_size=4",
        "--num_steps=1",
        "--strategy=mirrored",
        "--num_virtual_cpus=2",
    )
    assert done.returncode == 0, done.stderr
    for image_id in source.image_ids:
        made, remembered = (
            (tmp_path / folder / f"{image_id}.png").read_bytes()
            for folder in ("g1", "segmenter/guides")
        )
        assert made == remembered


def test_a_network_that_does_not_classify_names_no_regions():
    network = mock.Mock()
    network.name = "gap_roi"
    with (
        flagsaver.as_parsed(classifier_dir="/c"),
        stand_in(network_flags, "trained", (network, TRAINED)),
        pytest.raises(ValueError, match=r"^wanted the classifier .*gap_roi;"),
    ):
        guide_flags.labeller("g1", synthetic.source("train", num_images=1))


TRAINED = {
    "input_size": 65,
    "framing": "whole",
    "objects": list(synthetic.LABEL_SET.objects),
}


def trained():
    return stand_in(network_flags, "trained", ("network", TRAINED))


SEEDING = {
    "seeder": "cam",
    "seeder_dir": "/s",
    "blur_px": "3",
    "contrastive": "true",
    "seed_crf": "none",
    "shape_split": "test",
    "scales": "1,1.5",
    "flip": "true",
}
VIEWS = {"scales": [1.0, 1.5], "flip": True}


@contextlib.contextmanager
def seeding(*patches, **given):
    """Calls make_seeds of SEEDING where other functions do the work."""
    told = {**FEW, **SEEDING, "output_dir": "/o", "score_maps_dir": "/n"}
    told |= {"threshold": "0.5", "class_threshold": "0.7", **given}
    told = {name: value for name, value in told.items() if value is not None}
    with calling(
        "make_seeds",
        trained(),
        stand_in(seeds, "make_seeds"),
        *patches,
        **told,
    ) as stand_ins:
        yield stand_ins


def test_the_flags_of_seeders_are_all_tried():
    module = "guided_segmentation.command_line.seeder_flags"
    defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} < SEEDING.keys()


def test_flags_reach_what_make_seeds_calls():
    with seeding(stand_in(cam, "seeder", "seeder")) as (network, make, seeder):
        pass
    assert network.call_args == mock.call("/s")
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert make.call_args == mock.call(
        "seeder",
        mock.ANY,
        "/o",
        threshold=0.5,
        score_maps_dir="/n",
        class_threshold=0.7,
    )


@pytest.mark.parametrize("method", backprop.METHODS)
def test_back_propagation_gets_its_rules_and_flags(method):
    with seeding(stand_in(backprop, "seeder", "seeder"), seeder=method) as (
        network,
        _,
        seeder,
    ):
        pass
    assert network.call_args == mock.call("/s", **backprop.METHODS[method])
    assert seeder.call_args == mock.call(
        "network", 65, method, **VIEWS, blur_px=3.0, contrastive=True
    )


def test_grad_cam_is_a_seeder():
    with seeding(stand_in(grad_cam, "seeder", "seeder"), seeder="grad_cam") as (
        _,
        make,
        seeder,
    ):
        pass
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert make.call_args.args[0] == "seeder"


@pytest.mark.parametrize(
    ("method", "asked", "used"),
    [
        ("cam", None, None),
        ("cam", "sec", crf.SEC),
        ("grad_cam", None, None),
        ("guided", None, crf.MILD),
        ("guided", "deeplab", crf.DEEPLAB),
        ("guided", "none", None),
    ],
)
def test_score_maps_are_refined_by_the_crf_asked_for(method, asked, used):
    with seeding(
        stand_in(cam, "seeder", "plain"),
        stand_in(grad_cam, "seeder", "plain"),
        stand_in(backprop, "seeder", "plain"),
        stand_in(seeds, "refined", "refined"),
        seeder=method,
        seed_crf=asked,
    ) as (_, make, *_, refined):
        pass
    calls = [] if used is None else [mock.call("plain", used)]
    assert refined.call_args_list == calls
    assert make.call_args.args[0] == ("refined" if calls else "plain")


def test_flags_reach_what_make_saliency_calls():
    with calling(
        "make_saliency",
        trained(),
        stand_in(prediction, "dense", "predict"),
        stand_in(detector, "make_saliency"),
        **FEW,
        saliency_net_dir="/s",
        output_dir="/o",
        scales="1,1.5",
        flip="true",
    ) as (network, dense, make_saliency):
        pass
    assert network.call_args == mock.call("/s")
    assert dense.call_args == mock.call(
        "network",
        size=65,
        framing="whole",
        scales=[1.0, 1.5],
        flip=True,
    )
    assert make_saliency.call_args == mock.call("predict", mock.ANY, "/o")


def test_flags_reach_what_segment_images_calls():
    with calling(
        "segment_images",
        trained(),
        stand_in(prediction, "dense", "predict"),
        stand_in(segmenter, "segment_images"),
        **FEW,
        segmenter_dir="/s",
        output_dir="/o",
        crf="v1",
        crf_dir="/c",
        only_present="true",
        scales="0.5,1.5",
        flip="true",
    ) as (network, dense, segment_images):
        pass
    assert network.call_args == mock.call("/s")
    assert dense.call_args == mock.call(
        "network", size=65, framing="whole", scales=[0.5, 1.5], flip=True
    )
    assert segment_images.call_args == mock.call(
        "predict",
        mock.ANY,
        {"/o": None, "/c": crf.SEC},
        only_present=True,
    )


SERVER = {
    "server": "host:1",
    "server_api": "rest",
    "server_model": "other",
    "server_version": "2",
    "server_timeout": "3.5",
    "server_retries": "4",
    "server_max_bytes": "5",
}


def test_the_flags_of_a_server_are_all_tested_here():
    module = "guided_segmentation.command_line.server_flags"
    with programs.loaded("segment_images"):
        defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} == SERVER.keys()


def test_flags_reach_the_client_of_a_server(tmp_path):
    output_dir = str(tmp_path)
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(**FEW, output_dir=output_dir, **SERVER),
        stand_in(connection, "connect", "predict") as connect,
        stand_in(segmenter, "segment_images") as segment_images,
    ):
        program.main(["segment_images"])
    served = address.ServedModel(
        server="host:1",
        api="rest",
        model="other",
        version=2,
        timeout_s=3.5,
        retries=4,
        max_bytes=5,
    )
    num_classes = synthetic.LABEL_SET.num_classes
    assert connect.call_args == mock.call(served, num_classes)
    assert segment_images.call_args.args[0] == "predict"
    claimed = artifacts.read_json(tmp_path / "settings.json")
    assert claimed["served_model"] == "other, version 2"


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, "neither"), ({"server": "host:1", "segmenter_dir": "/s"}, "both")],
)
def test_a_segmenter_comes_from_one_place(given, found):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir="/o", **given),
        pytest.raises(
            ValueError,
            match=rf"^wanted one of --segmenter_dir and --server.* {found}; gi",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize(
    ("flag", "value"),
    [("scales", "1,1.5"), ("flip", "true"), ("precision", "mixed_bfloat16")],
)
def test_a_served_model_predicts_as_it_was_exported(flag, value):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(
            **FEW, output_dir="/o", server="host:1", **{flag: value}
        ),
        pytest.raises(
            ValueError,
            match=rf"^--{flag}: wanted none beside --server, .*export_model$",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize("server", ["host", "http://host:1", "host:port"])
def test_a_server_is_a_host_and_a_port(server):
    with (
        programs.loaded("segment_images"),
        pytest.raises(
            flags.IllegalFlagValueError, match="wanted host:port, such as"
        ),
        flagsaver.as_parsed(server=server),
    ):
        pass


SERVING = {
    "work_dir": "/w",
    "seeder_dir": "/e",
    "saliency_net_dir": "/n",
    "segmenter_dir": "/s",
    "seed_threshold": "0.25",
    "host": "0.0.0.0",
    "port": "81",
    "max_upload_mb": "3",
    "max_pixels": "4000",
    "longest_px": "50",
}


@contextlib.contextmanager
def serving(*patches, **given):
    with calling(
        "demo_server",
        stand_in(page, "gradio"),
        stand_in(page, "build", "page"),
        stand_in(page, "serve"),
        stand_in(cam, "seeder", "seed"),
        stand_in(prediction, "dense", "predict"),
        *(patches or [trained()]),
        **{**SERVING, **given},
    ) as (_, build, serve, seeder, dense, network):
        yield build, serve, seeder, dense, network


def test_flags_reach_what_demo_server_calls():
    with serving(scales="1,1.5", flip="true") as stand_ins:
        build, serve, seeder, dense, network = stand_ins
    looks = {"scales": [1.0, 1.5], "flip": True}
    assert network.call_args_list == [*map(mock.call, ("/e", "/n", "/s"))]
    assert seeder.call_args == mock.call("network", 65, **looks)
    seen = mock.call("network", size=65, framing="whole", **looks)
    assert dense.call_args_list == [seen, seen]
    answers, _, threshold = build.call_args.args
    assert isinstance(answers, session.DemoSession)
    assert answers.label_set == synthetic.LABEL_SET
    assert threshold == 0.25
    limits = upload.Limits(max_megabytes=3.0, max_pixels=4000, longest_px=50)
    assert serve.call_args == mock.call("page", "0.0.0.0", 81, limits)


def test_the_demo_finds_the_networks_of_an_experiment():
    none = dict(seeder_dir="", saliency_net_dir="", segmenter_dir="")
    with serving(**none) as (*_, network):
        pass
    folders = ("/w/seeder", "/w/saliency", "/w/segmenter/g2")
    assert network.call_args_list == [*map(mock.call, folders)]


def test_the_demo_wants_a_folder_for_every_network():
    with (
        pytest.raises(
            ValueError,
            match=r"^wanted --work_dir or --segmenter_dir, the folder of a "
            r"finished training run; found neither$",
        ),
        serving(work_dir="", segmenter_dir=""),
    ):
        pass


def test_the_demo_wants_networks_of_the_same_objects():
    others = mock.patch.object(
        network_flags,
        "trained",
        side_effect=lambda folder: (
            "network",
            {**TRAINED, "objects": ["cat" if folder == "/s" else "dog"]},
        ),
    )
    with (
        pytest.raises(
            ValueError,
            match=r"^wanted seeder and segmenter of the same objects, found "
            r"\['dog'\] and \['cat'\]; name two that learned from one data "
            r"set$",
        ),
        serving(others),
    ):
        pass


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"/o": None}),
        ({"crf": "none"}, {"/o": None}),
        ({"crf": "v2"}, {"/o": crf.DEEPLAB}),
        ({"crf_dir": "/c"}, {"/o": None, "/c": crf.DEEPLAB}),
        (
            {"crf": "custom-5-50-10", "crf_dir": "/c"},
            {"/o": None, "/c": crf.named("custom-5-50-10")},
        ),
    ],
)
def test_every_prediction_is_refined_once(given, wanted):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir="/o", **given),
    ):
        assert program.folders() == wanted


@pytest.mark.parametrize(
    ("binary", "flag"),
    [
        ("segment_images", "crf"),
        ("make_seeds", "seed_crf"),
        ("make_guides", "guide_crf"),
        ("train_segmenter", "crf_loss"),
    ],
)
def test_a_crf_that_nobody_knows_is_refused_in_one_line(binary, flag):
    with (
        programs.loaded(binary),
        pytest.raises(
            flags.IllegalFlagValueError,
            match=rf"^flag --{flag}=v3: wanted a CRF out of sec, v1, .* or "
            r"custom-.*; found 'v3'$",
        ),
        flagsaver.as_parsed(**{flag: "v3"}),
    ):
        pass


EXPORTING = {
    "what": "segmenter",
    "segmenter_dir": "/s",
    "saliency_net_dir": "/n",
    "format": "saved_model",
    "threshold": "0.25",
    "evaluation": "/e",
    "output_dir": "/o",
    "name": "name",
    "version": "3",
}


def assert_exported(export_model, record, converted=None):
    assert export_model.call_args == mock.call(
        "module",
        TRAINED,
        "/o",
        name="name",
        version=3,
        record=record,
        evaluation="/e",
        converted=converted,
    )


@pytest.mark.parametrize(
    ("what", "folder"),
    [("segmenter", "/s"), ("guided", "/s"), ("saliency", "/n")],
)
def test_flags_reach_what_export_model_calls(capsys, what, folder):
    views = {"scales": [0.5, 1.5], "flip": True}
    serve = mock.Mock(return_value="module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.OF_DENSE, {what: serve}),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "what": what},
        scales="0.5,1.5",
        flip="true",
    ) as (network, _, export_model):
        pass
    assert network.call_args == mock.call(folder)
    assert serve.call_args == mock.call("network", TRAINED, **views)
    assert_exported(export_model, views)
    assert capsys.readouterr().out == "/o/name/3\n"


@pytest.mark.parametrize("form", converters.RUN)
def test_flags_reach_what_converts(form):
    count = {"num_images": "3"} if form == "tflite_int8" else {}
    flip = "false" if count else "true"
    serve = mock.Mock(return_value="module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.OF_DENSE, segmenter=serve),
        stand_in(converters, "squares", "squares"),
        stand_in(converters, "convert", "file"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "format": form},
        scales="0.5",
        flip=flip,
        **count,
    ) as (_, _, squares, convert, export_model):
        pass
    size, framing = TRAINED["input_size"], TRAINED["framing"]
    asked = "squares" if count else ()
    assert convert.call_args == mock.call(form, "module", size, asked)
    if count:
        source, *rest = squares.call_args.args
        assert (len(source.image_ids), *rest) == (3, size, framing, 3)
    record = {"scales": [0.5], "flip": flip == "true"}
    assert_exported(export_model, record, "file")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"format": "onnx"}, "guided_segmentation_onnx"),
        ({"format": "saved_model"}, None),
        (
            {"what": "guided", "format": "tflite_float16"},
            "guided_segmentation_guided_tflite_float16",
        ),
    ],
)
def test_only_saved_models_lie_where_a_server_looks(given, named):
    made = dict.fromkeys(servables.OF_DENSE, lambda *_, **__: "module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.OF_DENSE, made),
        stand_in(converters, "convert", "file"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "name": "", **given},
    ) as (*_, export_model):
        pass
    assert (export_model.call_args.kwargs["name"] or None) == named


@pytest.mark.parametrize("name", ["cam", "vanilla", "guided"])
def test_flags_reach_the_seeder_that_export_model_makes(name):
    views = {"scales": [0.5], "flip": True}
    made = {"blur_px": 3.0, "contrastive": False}
    module, used = (backprop, made) if name != "cam" else (cam, {})
    method = [] if name == "cam" else [name]
    with calling(
        "export_model",
        trained(),
        stand_in(module, "seeder", "seed"),
        stand_in(servables, "seeder", "module"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "what": "seeder"},
        seeder=name,
        seeder_dir="/d",
        blur_px="3",
        scales="0.5",
        flip="true",
    ) as (network, make, serve, export_model):
        pass
    rules = backprop.METHODS.get(name, {})
    assert network.call_args == mock.call("/d", **rules)
    size = TRAINED["input_size"]
    wanted = mock.call("network", size, *method, **views, **used)
    assert make.call_args == wanted
    objects = len(TRAINED["objects"])
    assert serve.call_args == mock.call("seed", objects, 0.25)
    record = {"seeder": name, **views, **used, "threshold": 0.25}
    assert_exported(export_model, record)


def all_right(images=2):
    """Counts of predictions without a fault."""
    classes = synthetic.LABEL_SET.num_classes
    confusion = np.eye(classes, classes + 1, dtype=np.int64)
    areas = mean_iou.areas(confusion)
    each = mean_iou.Areas(*(np.stack([area] * images) for area in areas))
    return folders.Counts(images * confusion, each)


def half_right():
    """Means of one image, half of which is salient and all of which is true."""
    counts = np.zeros((2, 256), np.int64)
    counts[1, [0, 255]] = 2
    return saliency_curves.mean([counts])


def test_flags_reach_what_evaluate_guides_calls(tmp_path, capsys):
    with calling(
        "evaluate_guides",
        stand_in(folders, "count", all_right()),
        stand_in(folders, "saliency", half_right()),
        **FEW,
        guides_dir="/g",
        saliency_dir="/m",
        output=f"{tmp_path}/scores.json",
    ) as (count, saliency):
        pass
    assert count.call_args == mock.call(mock.ANY, "/g")
    assert saliency.call_args == mock.call(mock.ANY, "/m")
    scores = artifacts.read_json(tmp_path / "scores.json")
    assert (scores["miou"], scores["images"]) == (1.0, 2)
    assert scores["miou_interval"] == [1.0, 1.0]
    assert scores["labelled_only"]["miou_interval"] == [1.0, 1.0]
    assert scores["saliency"]["iou"] == 0.5
    assert "mIoU 100.0 [100.0, 100.0]" in capsys.readouterr().out
    found = image_areas.read(tmp_path / "scores.json")
    assert len(found.image_ids) == 2


def test_flags_reach_what_evaluate_saliency_calls(tmp_path, capsys):
    other = {"source": "synthetic/train", "mae": 0.25, "curve": {}}
    artifacts.write_json(tmp_path / "other.json", other)
    with calling(
        "evaluate_saliency",
        stand_in(folders, "saliency", half_right()),
        stand_in(figures, "saliency_curves"),
        **FEW,
        saliency_dir="/m",
        output=f"{tmp_path}/maps.json",
        compare=f"{tmp_path}/other.json",
    ) as (saliency, draw):
        pass
    source, folder = saliency.call_args.args
    assert (source.name, folder) == ("synthetic/train", "/m")
    written = artifacts.read_json(tmp_path / "maps.json")
    assert (written["iou"], written["saliency_dir"]) == (0.5, "/m")
    assert written["curve"]["recall"] == [1.0] + [0.5] * 255
    drawn, path = draw.call_args.args
    assert drawn == {
        f"{tmp_path}/other.json": other,
        f"{tmp_path}/maps.json": written,
    }
    assert path == tmp_path / "maps.png"
    told = "IoU 50.0  IoU>0.6 0.0  MAE 50.0  max F 100.0"
    assert told in capsys.readouterr().out


def test_saliency_of_drawn_scenes_is_scored_and_drawn(launcher, tmp_path):
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        true = np.isin(source.label_map(image_id), [0, 255], invert=True)
        grey = np.full(true.shape, 0.4)
        for name, saliency_map in {"true": true, "grey": grey}.items():
            path = tmp_path / name / f"{image_id}.png"
            artifacts.write_saliency_map(path, saliency_map)
    for name, compare in {"true": "", "grey": f"{tmp_path}/true.json"}.items():
        done = launcher.run(
            "evaluate_saliency",
            "--num_images=3",
            f"--saliency_dir={tmp_path}/{name}",
            f"--compare={compare}",
            f"--output={tmp_path}/{name}.json",
        )
        assert done.returncode == 0, done.stderr
    true, grey = (
        artifacts.read_json(tmp_path / f"{name}.json")
        for name in ("true", "grey")
    )
    assert (true["iou"], true["mae"], true["max_f"]) == (1, 0, 1)
    assert (grey["iou"], grey["precision"], grey["recall"]) == (0, None, 0)
    assert 0.4 < grey["mae"] < 0.6
    assert 0 < grey["max_f"] < 1
    assert (tmp_path / "grey.png").read_bytes()[1:4] == b"PNG"


CURVE = {"precision": [1.0, 0.5], "recall": [0.5, 1.0]}
SEEDS_SCORES = {"mp": 0.75, "map": None, "fg": CURVE, "bg": CURVE}


def test_flags_reach_what_evaluate_seeds_calls(tmp_path, capsys):
    other = {**SEEDS_SCORES, "source": "synthetic/train"}
    artifacts.write_json(tmp_path / "other.json", other)
    with calling(
        "evaluate_seeds",
        trained(),
        stand_in(cam, "seeder", "seeder"),
        stand_in(seed_curves, "evaluate", SEEDS_SCORES),
        stand_in(figures, "seed_curves"),
        **FEW,
        **SEEDING,
        output=f"{tmp_path}/cam.json",
        compare=f"{tmp_path}/other.json",
    ) as (network, seeder, evaluate, draw):
        pass
    assert network.call_args == mock.call("/s")
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert evaluate.call_args == mock.call("seeder", mock.ANY)
    written = artifacts.read_json(tmp_path / "cam.json")
    assert (written["mp"], written["seeder_dir"]) == (0.75, "/s")
    assert (written["seeder"], written["seed_crf"]) == ("cam", "none")
    drawn, path = draw.call_args.args
    assert list(drawn) == [
        f"{tmp_path}/other.json",
        f"{tmp_path}/cam.json",
    ]
    assert path == tmp_path / "cam.png"
    assert "mP 75.0  mAP -" in capsys.readouterr().out


def test_the_centre_mean_shape_is_taken_from_a_split_of_its_own(tmp_path):
    with calling(
        "evaluate_seeds",
        stand_in(center_mean_shape, "mean_shape", "shape"),
        stand_in(center_mean_shape, "seeder", "seeder"),
        stand_in(seed_curves, "evaluate", SEEDS_SCORES),
        stand_in(figures, "seed_curves"),
        **FEW,
        **{**SEEDING, "seeder": "center_mean_shape"},
        output=f"{tmp_path}/shape.json",
        compare="",
    ) as (mean_shape, seeder, evaluate, _):
        pass
    assert mean_shape.call_args.args[0].name == "synthetic/test"
    assert seeder.call_args == mock.call("shape")
    assert evaluate.call_args.args[0] == "seeder"
    assert evaluate.call_args.args[1].name == "synthetic/train"


def test_seeders_of_drawn_scenes_are_scored_and_drawn(launcher, tmp_path):
    programs.write_seeder(tmp_path / "run", list(synthetic.LABEL_SET.objects))
    few = ("evaluate_seeds", "--num_images=3")
    done = launcher.run(
        *few,
        "--seeder=center_mean_shape",
        f"--output={tmp_path}/shape.json",
    )
    assert done.returncode == 0, done.stderr
    done = launcher.run(
        *few,
        f"--seeder_dir={tmp_path}/run",
        f"--compare={tmp_path}/shape.json",
        f"--output={tmp_path}/cam.json",
    )
    assert done.returncode == 0, done.stderr
    shape, scores = (
        artifacts.read_json(tmp_path / f"{name}.json")
        for name in ("shape", "cam")
    )
    assert shape["map"] is None
    assert 0 < shape["mp"] < 1
    assert 0 < scores["map"] <= 1
    assert scores["images"] == 3
    assert (tmp_path / "cam.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize("method", ["grad_cam", *backprop.METHODS])
def test_gradients_of_the_classifier_seed_drawn_scenes(
    launcher, tmp_path, method
):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "vgg16")
    done = launcher.run(
        "make_seeds",
        "--num_images=1",
        f"--seeder={method}",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/seeds",
        f"--score_maps_dir={tmp_path}/maps",
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "maps").iterdir()
    maps, classes = artifacts.read_score_maps(path)
    assert maps.shape[-1] == len(classes) > 0
    assert np.isfinite(maps).all()
    assert len(list((tmp_path / "seeds").glob("*.png"))) == 1


def test_flags_reach_what_evaluate_segmenter_calls(tmp_path, capsys):
    with calling(
        "evaluate_segmenter",
        stand_in(folders, "count", all_right()),
        stand_in(figures, "confusion_matrix"),
        **FEW,
        predictions_dir="/p",
        against="/a",
        output=f"{tmp_path}/scores.json",
    ) as (count, draw):
        pass
    assert count.call_args_list == [
        mock.call(mock.ANY, "/p"),
        mock.call(mock.ANY, "/a"),
    ]
    scores = artifacts.read_json(tmp_path / "scores.json")
    assert (scores["miou"], scores["images"]) == (1.0, 2)
    assert scores["miou_interval"] == [1.0, 1.0]
    assert scores["against"] == {
        "predictions_dir": "/a",
        "difference": 0.0,
        "interval": [0.0, 0.0],
    }
    confusion, classes, path = draw.call_args.args
    assert confusion.tolist() == scores["confusion"]
    assert classes == synthetic.LABEL_SET.classes
    assert path == tmp_path / "scores.png"
    assert len(image_areas.read(tmp_path / "scores.json").image_ids) == 2
    told = capsys.readouterr().out
    assert "mIoU 1.000  [1.000, 1.000]" in told
    assert "difference +0.000  [0.000, 0.000]" in told


def test_predictions_for_drawn_scenes_are_compared(launcher, tmp_path):
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        truth = source.label_map(image_id)
        for name, label_map in {"t": truth, "none": 0 * truth}.items():
            path = tmp_path / name / f"{image_id}.png"
            artifacts.write_label_map(path, label_map)
    done = launcher.run(
        "evaluate_segmenter",
        "--num_images=3",
        f"--predictions_dir={tmp_path}/none",
        f"--against={tmp_path}/t",
        f"--output={tmp_path}/scores.json",
    )
    assert done.returncode == 0, done.stderr
    scores = artifacts.read_json(tmp_path / "scores.json")
    low, high = scores["miou_interval"]
    assert low <= scores["miou"] <= high < 1
    found = scores["against"]
    assert found["difference"] == scores["miou"] - 1
    assert found["interval"] == pytest.approx([low - 1, high - 1])
    columns = np.array(scores["confusion"]).sum(axis=0)
    assert columns[0] > 0
    assert not columns[1:].any()
    areas = image_areas.read(tmp_path / "scores.json")
    assert areas.image_ids == list(source.image_ids)
    assert areas.areas.total().mean_iou() == scores["miou"]
    assert (tmp_path / "scores.png").read_bytes()[1:4] == b"PNG"


def test_flags_reach_what_prepare_dataset_calls():
    with calling(
        "prepare_dataset",
        stand_in(layouts, "write_synthetic"),
        output_dir="/d",
        num_train="2",
        num_val="3",
        num_test="4",
        num_saliency="5",
        seed="6",
        image_size="33,41",
    ) as (write,):
        pass
    assert write.call_args == mock.call(
        "/d",
        num_images={"train": 2, "val": 3, "test": 4},
        num_saliency_images=5,
        seed=6,
        size=(33, 41),
    )


def test_flags_reach_what_benchmark_calls(tmp_path, capsys):
    with calling(
        "benchmark",
        stand_in(benchmarks, "run", {"suites": {}}),
        stand_in(benchmarks, "table", "the table"),
        suite="guides",
        output=f"{tmp_path}/found.json",
        repeats="2",
        requests="4",
        segmenter_dir="/s",
        num_images="3",
        input_size="65",
        framing="whole",
        width_multiplier="0.5",
        head_channels="6",
        batch_size="7",
        precision="mixed_bfloat16",
    ) as (run, _):
        pass
    suites, source, settings = run.call_args.args
    assert suites == ["guides"]
    assert len(source.image_ids) == 3
    assert settings == benchmarks.BenchmarkSettings(
        repeats=2,
        requests=4,
        segmenter_dir="/s",
        input_size=65,
        framing="whole",
        width_multiplier=0.5,
        head_channels=6,
        batch_size=7,
        precision="mixed_bfloat16",
    )
    assert capsys.readouterr().out == "the table\n"
    assert artifacts.read_json(tmp_path / "found.json") == {"suites": {}}


def test_flags_reach_what_run_experiment_calls(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(programs.ROOT)  # Flagfiles name each other from there.
    with calling(
        "run_experiment",
        stand_in(runner, "check_flags"),
        stand_in(runner, "run"),
        stand_in(
            experiments,
            "summarize",
            {
                "guides": {"g2": {}},
                "seeders": {"gap_roi": {}},
                "crf_rows": {"gap_roi": {}},
            },
        ),
        stand_in(table_1, "table", "table 1"),
        stand_in(table_4_5, "table", "tables 4 and 5"),
        stand_in(table_2, "text", "the table"),
        stand_in(experiments, "write_report", "the report"),
        **FEW,
        work_dir=str(tmp_path),
        guides="g2",
        seeders="gap_roi",
        crf_rows="loss_v1",
        crf_seeders="gap_lowres",
        stage_flags="flags/demo,flags/table1_synthetic",
        saliency_dataset="msra",
        saliency_data_dir="/m",
        report="true",
        train_split="test",
        val_split="train",
        width_multiplier="0.5",
        guide_crf="custom-5-50-10",
        crf="true",
        rounds="2",
        second_guide="seeds_only",
        reuse_from="/r",
        segmenter_args="--num_steps=3 --seed=4",
    ) as (check_flags, run, summarize, *_, write_report):
        pass
    plan, work_dir, bin_dir, reuse_from = run.call_args.args
    assert (work_dir, reuse_from) == (tmp_path, "/r")
    asked = check_flags.call_args.args[0]
    assert {*plan} - {*asked} == {x for x in plan if "evaluate_" in x.name}
    assert bin_dir == programs.ROOT / "bin"
    commands = {stage.name: stage.command for stage in plan}
    assert {"--dataset=msra", "--data_dir=/m"} < {*commands["train_saliency"]}
    assert "--guide_crf=custom-5-50-10" in commands["make_guides_g2"]
    wanted = {
        "--width_multiplier=0.5",
        "--num_steps=3",
        "--seed=4",
        "--split=test",
    }
    assert wanted < {*commands["train_segmenter_g2"]}
    assert "--split=test" in commands["train_seeder_gap_roi"]
    assert "--threshold=0.5" in commands["make_seeds"]  # Of flags/demo.
    assert "evaluate_segmenter_gap_lowres_loss_v1" in commands
    assert "--guide=seeds_only" in commands["train_segmenter_g2_round2"]
    crf_dir = "--crf_dir={work_dir}/predictions/g2/crf"
    assert {crf_dir, "--split=train"} < {*commands["segment_images_g2"]}
    assert summarize.call_args == mock.call(tmp_path, plan)
    train, val = write_report.call_args.args[2:]
    assert (train.name, val.name) == ("synthetic/test", "synthetic/train")
    assert capsys.readouterr().out == (
        f"table 1\ntables 4 and 5\nthe table\n"
        f"summary: {tmp_path}/summary.json\n"
        f"report: the report, a page for your browser\n"
        f"next: bin/segment_images --segmenter_dir={tmp_path}/segmenter/g2 "
        f"--dataset=folder --data_dir=YOUR_PHOTOGRAPHS --output_dir=masks\n"
    )


@every_binary
def test_the_flags_of_every_binary_are_tested_here(name):
    assert f"test_flags_reach_what_{name}_calls" in globals()


@pytest.mark.parametrize(
    ("given", "reader", "told"),
    [
        (
            {"dataset": "synthetic", "data_seed": "3", "num_images": "4"},
            synthetic,
            mock.call("val", num_images=4, seed=3),
        ),
        (
            {"dataset": "pascal_voc", "data_dir": "/d", "image_labels": "xml"},
            pascal_voc,
            mock.call("/d", "val", image_labels="xml"),
        ),
        (
            {"dataset": "folder", "data_dir": "/d", "image_labels": "csv:/c"},
            folder,
            mock.call("/d", "/c"),
        ),
    ],
    ids=["synthetic", "pascal_voc", "folder"],
)
def test_flags_of_data_reach_the_reader(given, reader, told):
    with (
        flagsaver.as_parsed(split="val", **given),
        stand_in(reader, "source", "source") as read,
    ):
        assert data_flags.source() == "source"
    assert read.call_args == told


def test_flags_of_boxes_reach_their_reader():
    given = {"data_dir": "/d", "exclude_ids": "/e", "only_ids": "/o"}
    with (
        flagsaver.as_parsed(dataset="msra", **given),
        stand_in(msra, "source", "source") as read,
    ):
        assert data_flags.saliency_source() == "source"
    assert read.call_args == mock.call("/d", exclude_ids="/e", only_ids="/o")


def test_the_precision_reaches_the_networks_in_use():
    with (
        flagsaver.as_parsed(precision="mixed_bfloat16"),
        stand_in(weights, "load_trained", "network"),
    ):
        assert network_flags.trained("/s") == "network"
        policy = keras.mixed_precision.global_policy().name
    assert policy == "mixed_bfloat16"
