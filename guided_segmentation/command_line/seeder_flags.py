"""Flags of the binaries that make seeds. Only they import this module."""

from typing import Any

from absl import flags

from guided_segmentation import crf
from guided_segmentation.command_line import (
    data_flags,
    network_flags,
    parsers,
    prediction_flags,
    score_map_flags,
)
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.seeders import (
    backprop,
    cam,
    center_mean_shape,
    excitation,
    grad_cam,
    refinement,
    seeds,
    views,
)

flags.adopt_module_key_flags(score_map_flags)

SEEDER = flags.DEFINE_enum(
    "seeder",
    "cam",
    ["cam", "grad_cam", *backprop.METHODS, "center_mean_shape"],
    "cam: score maps of a GAP network; grad_cam, vanilla, guided, excitation: "
    "gradients of the classifier; center_mean_shape: the baseline that ignores "
    "the image and uses the mean object shape of --shape_split.",
)
SEEDER_DIR = flags.DEFINE_string(
    "seeder_dir", None, "Folder of a finished run of bin/train_seeder."
)
BLUR_PX = flags.DEFINE_float(
    "blur_px",
    backprop.BLUR_PX,
    "Standard deviation of the Gaussian that smooths gradients, in pixels of "
    "the network's input (vanilla, guided, excitation).",
    lower_bound=0.0,
)
CONTRASTIVE = flags.DEFINE_bool(
    "contrastive",
    False,
    "Subtract the map of the negated output weights (excitation).",
)
EXCITATION_LAYER = flags.DEFINE_enum(
    "excitation_layer",
    excitation.LAYER,
    list(excitation.CELLS),
    "Where winning probabilities are read: pool4, as in Zhang et al., or "
    "image, as the paper says, at the pixels' strongest colour (excitation).",
)
SEED_CRF = flags.DEFINE(
    parsers.CrfParser(),
    "seed_crf",
    None,
    "Dense CRF that sharpens score maps (crf-seed). Not given: that of "
    "--backprop_crf for vanilla, guided and excitation; none for the others.",
    serializer=flags.ArgumentSerializer(),
)
BACKPROP_CRF = flags.DEFINE(
    parsers.CrfParser(),
    "backprop_crf",
    "mild",
    "Dense CRF of vanilla, guided and excitation if --seed_crf is not given: "
    "mild, a tenth of sec, keeps the order of the scores; the paper uses v2.",
    serializer=flags.ArgumentSerializer(),
)
SHAPE_SPLIT = flags.DEFINE_string(
    "shape_split",
    "train",
    "Split that the mean shape is computed from (center_mean_shape).",
)


def seeder(source: schema.Source) -> tuple[seeds.Seeder, dict]:
    """Builds the seeder that the flags name, and a record of its settings.

    Raises:
      ValueError: If --seeder_dir is missing, or if its network is of another
        kind or was trained for other objects.
    """
    name = SEEDER.value
    if name == "center_mean_shape":
        shape_source = data_flags.source(split=SHAPE_SPLIT.value)
        shape = center_mean_shape.mean_shape(shape_source)
        found = center_mean_shape.seeder(shape)
        record: dict[str, Any] = {"shape_split": SHAPE_SPLIT.value}
    else:
        found, settings, record = trained()
        network_flags.require_objects(settings, source)
        record["seeder_dir"] = SEEDER_DIR.value
    usual = BACKPROP_CRF.value if name in backprop.METHODS else "none"
    used = SEED_CRF.value or usual
    if used != "none":
        found = refinement.refined(found, crf.named(used))
    return found, {"seeder": name, **record, "seed_crf": used}


def given() -> list[str]:
    """Returns the flags of the seeder that were given, for another command."""
    holders = (
        SEEDER,
        SEEDER_DIR,
        score_map_flags.DENSE_SCORES,
        BLUR_PX,
        CONTRASTIVE,
        EXCITATION_LAYER,
        SEED_CRF,
        BACKPROP_CRF,
        SHAPE_SPLIT,
    )
    return [f"--{each.name}={each.value}" for each in holders if each.present]


def trained() -> tuple[views.Seeder, dict, dict]:
    """Builds the seeder of the trained network that the flags name.

    Returns:
      The seeder before any CRF, the network's settings, and a record of the
      seeder's settings.

    Raises:
      ValueError: If --seeder has no network, if --seeder_dir is missing, or if
        its network is of another kind.
    """
    name = SEEDER.value
    if name == "center_mean_shape":
        raise InputError(
            f"wanted a seeder with a network, found --seeder={name}; choose "
            f"another"
        )
    if SEEDER_DIR.value is None:
        raise InputError(
            f"wanted --seeder_dir, the folder of bin/train_seeder's run, for "
            f"--seeder={name}; found none"
        )
    is_cam = name == "cam"
    network, settings = network_flags.trained(
        SEEDER_DIR.value,
        **({"dense": score_map_flags.DENSE_SCORES.value} if is_cam else {}),
        **backprop.METHODS.get(name, {}),
    )
    views_used = prediction_flags.views()
    record: dict[str, Any] = {"seeder": name, **views_used}
    if is_cam:
        record["dense_scores"] = score_map_flags.DENSE_SCORES.value
    size = settings["input_size"]
    if name in backprop.METHODS:
        own: dict[str, Any] = {
            "blur_px": BLUR_PX.value,
            "contrastive": CONTRASTIVE.value,
            "excitation_layer": EXCITATION_LAYER.value,
        }
        found = backprop.seeder(network, size, name, **views_used, **own)
        return found, settings, {**record, **own}
    make = {"cam": cam.seeder, "grad_cam": grad_cam.seeder}[name]
    return make(network, size, **views_used), settings, record
