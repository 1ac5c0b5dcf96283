"""Experiments and defaults keep the settings that the paper gives.

A stage runs as planned, but with stand-ins for the work, so that what is
compared is what the flags, the defaults and the code make of it together.

Source: Oh et al., CVPR 2017; "release" is the authors' code.
"""

import contextlib
import dataclasses
import fnmatch
import shlex
from unittest import mock

import programs
import pytest
from absl import flags
from absl.testing import flagsaver
from binary_calls import stand_in

from guided_segmentation import crf, experiments, labels, provenance
from guided_segmentation.command_line import (
    data_flags,
    digests,
    guide_flags,
    network_flags,
    prediction_flags,
    score_map_flags,
    seeder_flags,
)
from guided_segmentation.experiments import flagfiles
from guided_segmentation.report import masks_page
from guided_segmentation.saliency import grabcut
from guided_segmentation.training import fine_tuning, strategies

EXPERIMENTS = (
    "voc2012",
    "table1_voc2012",
    "table2_voc2012",
    "table3_voc2012",
    "table4_5_voc2012",
)

# Appendix C.1: weight, standard deviations in position and colour of the
# appearance kernel; weight and standard deviation of the smoothness kernel.
# Ten mean-field steps in the release.
V1 = (10, 80, 13, 3, 3, 10)
V2 = (4, 121, 5, 3, 3, 10)

# Section 6.1: images with class labels, 10 582 of them; on val the scores.
TRAINAUG = {
    "dataset": "pascal_voc",
    "split": "trainaug",
    "image_labels": "masks",  # The release's.
}
VAL = {"dataset": "pascal_voc", "split": "val", "image_labels": "masks"}

# Appendices B.2 and F: GAP networks, segmenters and classifiers alike.
SGD = {
    "algorithm": "sgd",
    "learning_rate": 0.001,
    "schedule": "step",
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "head_lr_multiplier": 10,  # The release's.
    "head_layers": ("score", "fc8"),
    "clip_norm": 0,
    "trunk_weights": "imagenet",  # Section 6.1.
    "freeze_through": None,
    "data_dependent_init": False,
    "width_multiplier": 1,
    "dropout": 0.5,
    "scales": (1,),
    "crf_loss": None,
}
STEPS_8000 = {"num_steps": 8000, "batch_size": 15, "lr_decay_steps": 2000}
# Table 6; squares of 321 pixels, each side trimmed, images shuffled: release.
GAP = {
    **SGD,
    **STEPS_8000,
    "head_channels": 1024,
    "score_init_stddev": 0.005,
    "input_size": 321,
    "framing": "tight",
    "sampling": "shuffled",
}
GAP_DEEPLAB = {
    **GAP,
    "fc6_dilation": 12,
    "conv5_dilation": 2,
    "stride": 8,
    "pooling": "3x3",
}
# Appendix F, "Classifiers"; fc6 and fc7 as in VGG16; Table 6: 224 pixels.
CLASSIFIER = {
    **SGD,
    "input_size": 224,
    "num_steps": 30_000,
    "batch_size": 40,
    "lr_decay_steps": 5000,
    "head_channels": 4096,
    "sampling": "shuffled",
}
# Appendix F, "Segmenter"; DeepLabv1-LargeFOV, crops at native scale: release.
SEGMENTER = {
    **SGD,
    **STEPS_8000,
    "name": "deeplab_v1",
    "num_classes": 21,
    "head_channels": 1024,
    "fc6_dilation": 12,
    "conv5_dilation": 2,
    "stride": 8,
    "pooling": "3x3",
    "input_size": 321,
    "framing": "crop",
    "sampling": "shuffled",
}
# Section 6.1, "DeepLab-v2 ResNet": the procedure of Chen et al., PAMI 2018.
SALIENCY_NET = {
    "name": "deeplab_v2",
    "num_classes": 2,
    "num_steps": 20_000,
    "batch_size": 10,
    "algorithm": "sgd",
    "learning_rate": 2.5e-4,
    "schedule": "poly",
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "head_lr_multiplier": 10,
    "head_layers": ("fc1_rate6", "fc1_rate12", "fc1_rate18", "fc1_rate24"),
    "clip_norm": 0,
    "trunk_weights": "imagenet",  # Not COCO's, which has masks.
    "freeze_through": None,
    "width_multiplier": 1,
    "input_size": 321,
    "framing": "crop",
    "scales": (0.5, 0.75, 1, 1.25, 1.5),
    "average": "mean",  # Section 6.1: GrabCut over the average box.
}
# Section 4: one scale; tau is 20 % of the maximum. No crf-seed but in Table 5.
SEEDS = {
    "seeder": "cam",
    "threshold": 0.2,
    "class_threshold": None,
    "seed_crf": "none",
}
ONE_VIEW = {"scales": [1], "flip": False}
# The procedure of DeepLabv2, which the saliency net follows (section 6.1).
THREE_SCALES = {"scales": [0.5, 0.75, 1], "flip": False}
# Section 5 and appendix E.
GUIDE_SETTINGS = {
    "seed_min_area": "0.01",
    "saliency_min_area": "0.01",
    "in_doubt": "ignore",
    "no_gain": "largest",
    "unary": "log",
    "guide_crf": V2,
    "crf_extent": "region",
}
# Section 6.2: crf-postproc with the parameters of DeepLab.
UNREFINED = {**ONE_VIEW, "only_present": False, "crf": None}
REFINED = {**UNREFINED, "crf": V2}

# Experiment, stage, settings. Of several that fit a stage, the last one wins.
TABLE = [
    ("*", "train_seeder*", {**TRAINAUG, **GAP}),
    ("*", "train_seeder", {"name": "gap_highres", "head_init_stddev": 0.005}),
    *(
        ("*", f"train_seeder_{gap}", {"name": gap, "head_init_stddev": 0.005})
        for gap in ("gap_lowres", "gap_highres", "gap_roi")
    ),
    ("*", "train_seeder_gap_deeplab", {"name": "gap_deeplab", **GAP_DEEPLAB}),
    ("*", "train_saliency", {"dataset": "msra", **SALIENCY_NET}),
    ("*", "train_segmenter*", {**TRAINAUG, **SEGMENTER, **GUIDE_SETTINGS}),
    # Appendix C.2: the constraint to boundaries of SEC, its weight 1.
    ("table4_5*", "train_segmenter_*_loss_v1", {"crf_loss": (V1, 1)}),
    ("table4_5*", "train_segmenter_*_loss_v2", {"crf_loss": (V2, 1)}),
    *(
        ("*", f"train_segmenter_{guide}", {"guide": guide})
        for guide in ("seeds_only", "g0", "g1", "g2", "saliency_oracle", "full")
    ),
    ("table4_5*", "train_segmenter_gap_*_seeds*", {"guide": "seeds_only"}),
    ("table4_5*", "train_segmenter_gap_*_g2_*", {"guide": "g2"}),
    ("*", "make_seeds*", {**TRAINAUG, **SEEDS, **ONE_VIEW}),
    ("table4_5*", "make_seeds_*_seed_v1", {"seed_crf": "v1"}),
    ("*", "make_saliency", {**TRAINAUG, **THREE_SCALES}),
    ("*", "make_guides_*", {**TRAINAUG, **GUIDE_SETTINGS}),
    ("*", "evaluate_guides_*", TRAINAUG),
    ("*", "segment_images_*", {**VAL, **REFINED}),
    ("table2*", "segment_images_*", UNREFINED),  # "Without CRF", Table 2.
    # Appendix C.2, Table 5.
    ("table4_5*", "segment_images_*_plain", UNREFINED),
    ("table4_5*", "segment_images_*_loss_v1", UNREFINED),
    ("table4_5*", "segment_images_*_seed_v1", UNREFINED),
    ("table4_5*", "segment_images_*_post_v1", {"crf": V1}),
    ("*", "evaluate_segmenter_*", VAL),
    # Classification mAP on the 5,823 images of Main's val: release.
    ("*", "evaluate_seeds_*", {**VAL, **ONE_VIEW, "map_split": "val"}),
    *(
        ("*", f"evaluate_seeds_{seeder}", {"seeder": "cam", "seed_crf": "none"})
        for seeder in ("gap_lowres", "gap_highres", "gap_roi", "gap_deeplab")
    ),
    *(
        ("*", f"evaluate_seeds_{seeder}", {"seeder": seeder})
        for seeder in ("vanilla", "guided", "excitation", "center_mean_shape")
    ),
    # Table 6: 21x21 cells of GAP-LowRes.
    ("table1*", "evaluate_seeds_gap_*", {"dense_scores": False}),
    # Appendix C.1: DeepLab's parameters throughout.
    *(
        ("table1*", f"evaluate_seeds_{seeder}", {"seed_crf": "v2"})
        for seeder in ("vanilla", "guided", "excitation")
    ),
    # Section 4.2: the maximum over the colours of the image's pixels.
    ("table1*", "evaluate_seeds_excitation", {"excitation_layer": "image"}),
    (
        "*",
        "evaluate_seeds_center_mean_shape",
        {"shape_split": "trainaug", "seed_crf": "none"},
    ),
]
# The framing of the classifier is not in the paper.
OF_GAP_ALONE = GAP.keys() - CLASSIFIER.keys()

COMPARED = {
    "voc2012": ("seeds_only", "g0", "g2", "saliency_oracle", "full"),
    "table2_voc2012": ("seeds_only", "g0", "g1", "g2", "saliency_oracle"),
    "table3_voc2012": ("seeds_only", "g0", "g2", "full"),
}

DEFAULTS = [
    ("train_seeder --work_dir=/w", {"name": "gap_highres", **GAP}),
    ("train_seeder --work_dir=/w --seeder=gap_lowres", GAP),
    ("train_seeder --work_dir=/w --seeder=gap_roi", GAP),
    ("train_seeder --work_dir=/w --seeder=gap_deeplab", GAP_DEEPLAB),
    ("train_seeder --work_dir=/w --seeder=vgg16", CLASSIFIER),
    ("train_saliency --work_dir=/w --network=deeplab_v2", SALIENCY_NET),
    (
        "train_segmenter --work_dir=/w",
        {"guide": "g2", **SEGMENTER, **GUIDE_SETTINGS},
    ),
    ("train_segmenter --work_dir=/w --crf_loss=v1", {"crf_loss": (V1, 1)}),
    ("make_seeds --output_dir=/s", {**SEEDS, **ONE_VIEW}),
    ("make_saliency --saliency_net_dir=/n --output_dir=/s", ONE_VIEW),
    ("make_guides --output_dir=/g", {"guide": "g2", **GUIDE_SETTINGS}),
    ("segment_images --segmenter_dir=/s --output_dir=/p", UNREFINED),
    (
        "segment_images --segmenter_dir=/s --output_dir=/p --crf_dir=/c",
        REFINED,
    ),
    ("evaluate_seeds --output=/s.json", {"seeder": "cam", **ONE_VIEW}),
]


SEED = "seed_crf"


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_has_every_setting_of_the_paper(experiment, monkeypatch):
    monkeypatch.chdir(programs.ROOT)
    for stage in planned(experiment):
        wanted = settings_of(experiment, stage.name)
        assert wanted, f"{stage.name} is in no row of the table"
        found = effective(stage.command)
        assert {key: found.get(key, "?") for key in wanted} == wanted, stage


@pytest.mark.parametrize("experiment", COMPARED)
def test_an_experiment_compares_what_the_paper_compares(
    experiment, monkeypatch
):
    monkeypatch.chdir(programs.ROOT)
    names = {stage.name for stage in planned(experiment)}
    scored = {name for name in names if name.startswith("evaluate_segmenter_")}
    plain = {name.removeprefix("evaluate_segmenter_") for name in scored}
    has_crf = experiment in ("voc2012", "table3_voc2012")
    assert plain == {
        *COMPARED[experiment],
        *(f"{guide}_crf" for guide in COMPARED[experiment] if has_crf),
    }


def test_table_1_and_table_5_have_every_row_of_the_paper(monkeypatch):
    monkeypatch.chdir(programs.ROOT)
    table_1 = {stage.name for stage in planned("table1_voc2012")}
    assert {name for name in table_1 if name.startswith("evaluate_")} == {
        f"evaluate_seeds_{seeder}"
        for seeder in (
            "gap_lowres", "gap_highres", "gap_roi", "gap_deeplab", "vanilla",
            "guided", "excitation", "center_mean_shape",
        )
    }  # fmt: skip
    table_5 = {stage.name for stage in planned("table4_5_voc2012")}
    assert {name for name in table_5 if name.startswith("evaluate_")} == {
        f"evaluate_segmenter_{seeder}_{row}"
        for seeder in ("gap_highres", "gap_roi")
        for row in (
            "plain", "loss_v1_post_v1", "loss_v1", "post_v1",
            "loss_v2_post_v2", "seed_v1", "saliency",
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("command", "wanted"),
    [pytest.param(*row, id=row[0]) for row in DEFAULTS],
)
def test_what_is_not_given_is_the_papers(command, wanted):
    found = effective(shlex.split(command))
    assert {key: found.get(key, "?") for key in wanted} == wanted


@pytest.mark.parametrize(
    ("experiment", "stage", "flag", "setting"),
    [
        ("voc2012", "train_seeder", "head_init_stddev", "head_init_stddev"),
        ("voc2012", "train_saliency", "network", "num_steps"),
        ("voc2012", "segment_images_g2", "crf_dir", "crf"),
        ("table1_voc2012", "train_seeder_vgg16", "seeder", "batch_size"),
        ("table4_5_voc2012", "make_seeds_gap_roi_seed_v1", SEED, SEED),
        ("table1_voc2012", "evaluate_seeds_guided", "backprop_crf", SEED),
        (
            "table1_voc2012",
            "evaluate_seeds_gap_lowres",
            "nodense_scores",
            "dense_scores",
        ),
    ],
)
def test_a_setting_that_a_command_loses_differs(
    monkeypatch, experiment, stage, flag, setting
):
    """So what is compared above comes from the flags of the stage."""
    monkeypatch.chdir(programs.ROOT)
    command = {each.name: each.command for each in planned(experiment)}[stage]
    lost = [each for each in command if each.partition("=")[0] != f"--{flag}"]
    assert len(lost) == len(command) - 1
    wanted = settings_of(experiment, stage)[setting]
    assert effective(command)[setting] == wanted
    assert effective(lost)[setting] != wanted


def planned(experiment):
    """The stages of an experiment's flagfile."""
    path = f"flags/{experiment}/experiment.flags"
    with programs.loaded("run_experiment") as program, flagsaver.flagsaver():
        flags.FLAGS(["run_experiment", f"--flagfile={path}"])
        files = flagfiles.read(program.STAGE_FLAGS.value)
        return experiments.plan(program.settings(files))


def settings_of(experiment, stage):
    """The rows of the table that fit a stage, together."""
    found = {}
    for of_experiment, of_stage, settings in TABLE:
        if fnmatch.fnmatch(experiment, of_experiment) and fnmatch.fnmatch(
            stage, of_stage
        ):
            found |= settings
    if stage == "train_seeder_vgg16":
        found = {k: v for k, v in found.items() if k not in OF_GAP_ALONE}
        found |= {"name": "vgg16", **CLASSIFIER}
    return found


def effective(command):
    """What the binary of a command would do, by name of setting."""
    binary, *given = command
    with contextlib.ExitStack() as stack:
        program = stack.enter_context(programs.loaded(binary))
        stack.enter_context(flagsaver.as_parsed(**dict(map(typed, given))))
        found = {
            "dataset": data_flags.DATASET.value,
            "split": data_flags.SPLIT.value,
            "image_labels": data_flags.IMAGE_LABELS.value,
        }
        if binary.startswith("train_"):
            return {**found, **trained(program, stack)}
        readers = {
            "make_seeds": seeded,
            "evaluate_seeds": seeded,
            "make_saliency": lambda _: prediction_flags.views(),
            "make_guides": guided,
            "segment_images": segmented,
        }
        return {**found, **readers.get(binary, lambda _: {})(program)}


def typed(flag):
    """The name of a flag and its value as text."""
    _, equals, value = flag.partition("=")
    text = value if equals else str(not flag.startswith("--no"))
    return flagfiles.flag_name(flag), text


def trained(program, stack):
    """What main of a train_* binary gives to the trainer."""
    voc = mock.Mock(label_set=labels.VOC)
    boxes = mock.Mock(label_set=labels.LabelSet(("salient",)), image_ids=())
    train, masks, *_ = (
        stack.enter_context(each)
        for each in (
            stand_in(fine_tuning, "train"),
            stand_in(grabcut, "make_masks"),
            stand_in(masks_page, "write_page"),
            stand_in(provenance, "record_or_check_maps"),
            stand_in(strategies, "make_strategy"),
            stand_in(data_flags, "source", voc),
            stand_in(data_flags, "require_outside"),
            stand_in(digests, "image_labels", {}),
            stand_in(digests, "boxes", {}),
            stand_in(digests, "of_guide", {}),
            stand_in(data_flags, "saliency_source", boxes),
            stand_in(guide_flags, "labeller"),
        )
    )
    program.main([program.__name__])
    recipe, settings = train.call_args.args[0], train.call_args.kwargs
    told = dataclasses.asdict(settings["settings"])
    found = {
        **{k: v for k, v in vars(recipe).items() if k != "network"},
        **recipe.network,
        **{k: v for k, v in told.items() if k != "optimizer"},
        **told["optimizer"],
    }
    if recipe.crf_loss is not None:
        loss = recipe.crf_loss
        found["crf_loss"] = parameters(loss.settings), loss.weight
    if masks.called:
        found["average"] = masks.call_args.args[2].average
    if program.__name__ == "train_segmenter":
        found |= guided(program)
    return found


def seeded(program):
    """The settings of a seeder, and of its seeds if the binary makes some."""
    network = "network", {"objects": list(labels.VOC.objects)}, {}
    source = mock.Mock(label_set=labels.VOC)
    with (
        stand_in(seeder_flags, "trained", network),
        stand_in(data_flags, "source", source),
        stand_in(seeder_flags.center_mean_shape, "mean_shape"),
        stand_in(network_flags, "require_objects"),
    ):
        _, record = seeder_flags.seeder(source)
    found = {
        **record,
        **prediction_flags.views(),
        "dense_scores": score_map_flags.DENSE_SCORES.value,
        "excitation_layer": seeder_flags.EXCITATION_LAYER.value,
    }
    for name in ("THRESHOLD", "CLASS_THRESHOLD", "MAP_SPLIT"):
        if hasattr(program, name):
            found[name.lower()] = getattr(program, name).value
    return found


def guided(program):
    """The settings of a guide labeller."""
    settings = guide_flags.settings()
    return {
        **vars(settings),
        "guide": program.GUIDE.value,
        "guide_crf": parameters(settings.crf),
    }


def segmented(program):
    """The settings of segment_images; the CRF is that of the refined maps."""
    refined = list(program.mask_flags.folders().values())[-1]
    return {
        **prediction_flags.views(),
        "only_present": program.ONLY_PRESENT.value,
        "crf": refined and parameters(refined),
    }


def parameters(settings: crf.CrfSettings):
    return (
        settings.bilateral_weight,
        settings.bilateral_xy_px,
        settings.bilateral_rgb,
        settings.gaussian_weight,
        settings.gaussian_xy_px,
        settings.num_steps,
    )
