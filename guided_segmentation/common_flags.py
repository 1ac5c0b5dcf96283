"""Flags that more than one binary takes. Only binaries import this module."""

import builtins
import functools
import os
import pathlib
import re
import shlex
import sys
import traceback
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Before TensorFlow loads.

import keras
import tensorflow as tf
from absl import app, flags, logging

from guided_segmentation import crf, labels
from guided_segmentation.datasets import (
    folder,
    msra,
    pascal_voc,
    schema,
    synthetic,
)
from guided_segmentation.networks import weights
from guided_segmentation.training import trainer

logging.set_verbosity(logging.WARNING)
tf.get_logger().setLevel("WARNING")


class CrfParser(flags.ArgumentParser):
    """Takes the name of a dense CRF, as crf.named does, and keeps it."""

    syntactic_help = crf.NAMES

    def parse(self, argument: str) -> str:
        """Returns the name.

        Raises:
          ValueError: If no CRF has it.
        """
        crf.named(argument)
        return argument

    def flag_type(self) -> str:
        """Returns what --help calls it."""
        return "crf"


# Data.
DATASET = flags.DEFINE_enum(
    "dataset",
    "synthetic",
    ["folder", "msra", "pascal_voc", "synthetic"],
    "Reader of the photographs. synthetic draws scenes and needs no data_dir.",
)
DATA_DIR = flags.DEFINE_string(
    "data_dir",
    None,
    "Folder of the data: the one that holds VOCdevkit or JPEGImages "
    "(pascal_voc), Image and UserData (msra), or photographs (folder).",
)
SPLIT = flags.DEFINE_string(
    "split",
    "train",
    "Split: a list in ImageSets/Segmentation, or a path to a list "
    "(pascal_voc); train, val or test (synthetic).",
)
IMAGE_LABELS = flags.DEFINE_string(
    "image_labels",
    "masks",
    "Where image-level labels come from: masks, xml or csv:PATH (pascal_voc); "
    "csv:PATH (folder).",
)
ONLY_IDS = flags.DEFINE_string(
    "only_ids", None, "File of the only image ids to use (msra)."
)
EXCLUDE_IDS = flags.DEFINE_string(
    "exclude_ids", None, "File of image ids to leave out (msra)."
)
NUM_IMAGES = flags.DEFINE_integer(
    "num_images", None, "Images to draw (synthetic).", lower_bound=1
)
DATA_SEED = flags.DEFINE_integer("data_seed", 0, "Seed of drawn scenes.")

# Networks in use.
PRECISION = flags.DEFINE_enum(
    "precision",
    trainer.TrainSettings.precision,
    sorted(trainer.LOSS_SCALE),
    "Precision of the arithmetic; weights stay float32. mixed_bfloat16 is up "
    "to twice as fast on CPUs with AVX512-BF16.",
)

# Evidence.
SALIENCY_DIR = flags.DEFINE_string(
    "saliency_dir",
    None,
    "Folder of saliency maps, written by bin/make_saliency: 8-bit PNGs.",
)


def source(
    only_photographs: bool = False, split: str | None = None
) -> schema.Source:
    """Opens the data that the flags name.

    Args:
      only_photographs: Whether image-level labels are of no interest.
      split: Instead of --split.

    Raises:
      ValueError: If a flag that the data set needs is missing.
    """
    if DATASET.value == "synthetic":
        return synthetic.source(
            split or SPLIT.value,
            num_images=NUM_IMAGES.value,
            seed=DATA_SEED.value,
        )
    if DATASET.value == "pascal_voc":
        return pascal_voc.source(
            _data_dir(),
            split or SPLIT.value,
            image_labels=IMAGE_LABELS.value,
        )
    if DATASET.value == "folder":
        kind, _, path = IMAGE_LABELS.value.partition(":")
        if not only_photographs and (kind != "csv" or not path):
            raise ValueError(
                f"--dataset=folder wants --image_labels=csv:PATH, got "
                f"--image_labels={IMAGE_LABELS.value}"
            )
        return folder.source(_data_dir(), path or None)
    raise ValueError(
        "--dataset=msra has boxes, not image labels; only bin/train_saliency "
        "and bin/make_saliency read it"
    )


def saliency_source() -> schema.Source:
    """Opens the photographs with boxes that the flags name.

    Raises:
      ValueError: If the data set has no boxes.
    """
    if DATASET.value == "synthetic":
        return synthetic.saliency_source(
            num_images=NUM_IMAGES.value, seed=DATA_SEED.value
        )
    if DATASET.value == "msra":
        return msra.source(
            _data_dir(),
            exclude_ids=EXCLUDE_IDS.value,
            only_ids=ONLY_IDS.value,
        )
    raise ValueError(
        f"--dataset={DATASET.value} has no boxes; the saliency net learns "
        f"from msra or synthetic"
    )


def trained(network_dir: str, **rules) -> tuple[keras.Model, dict]:
    """Loads a trained network in the precision that the flags give."""
    keras.mixed_precision.set_global_policy(PRECISION.value)
    return weights.trained(network_dir, **rules)


def made_by(network_dir: str) -> dict:
    """Returns what tells the maps that a network makes, wherever it lies."""
    return {
        "weights_sha256": weights.sha256(network_dir),
        "precision": PRECISION.value,
    }


def require_objects(settings: dict, source: schema.Source) -> None:
    """Checks that a network was trained for the objects of a data set.

    Raises:
      ValueError: If not.
    """
    wanted, found = settings["objects"], list(source.label_set.objects)
    if wanted != found:
        raise ValueError(
            f"the network knows the objects {wanted}, but {source.name} has "
            f"{found}; give the --dataset it was trained on"
        )


def label_set(settings: dict) -> labels.LabelSet:
    """Returns the classes of a trained network."""
    return labels.LabelSet(tuple(settings["objects"]))


def command() -> str:
    """Returns the command at hand, flags that flagfiles gave included."""
    given = [
        line
        for name in sorted(flags.FLAGS)
        if flags.FLAGS[name].present
        for line in flags.FLAGS[name].serialize().splitlines()
    ]
    return shlex.join([pathlib.Path(sys.argv[0]).name, *given])


def json_path(output: str) -> pathlib.Path:
    """Returns the path of --output, beside which files of its name may lie.

    Raises:
      ValueError: If its name does not end in .json.
    """
    path = pathlib.Path(output)
    if path.suffix != ".json":
        raise ValueError(f"--output: wanted a name in .json, found {path}")
    return path


def run(main: Callable[[list[str]], None]) -> None:
    """Runs a binary; bad input ends it with one line and exit code 1."""
    app.run(functools.partial(guarded, main))


def guarded(main: Callable[[list[str]], None], argv: list[str]) -> None:
    """Calls `main`, and tells bad input in one line instead of a traceback.

    Args:
      main: Takes what is left of the command line without its flags.
      argv: Name of the binary, and nothing else.

    Raises:
      SystemExit: With the line, on a ValueError or an OSError, also where
        TensorFlow carries it out of a stage, and on TensorFlow's own errors.
    """
    try:
        if argv[1:]:
            raise ValueError(
                f"wanted flags only, found {' '.join(argv[1:])!r}; write "
                f"--name=value"
            )
        main(argv)
    except (ValueError, OSError, tf.errors.OpError) as error:
        if _is_mistake(error):
            raise
        # Lets go of pipelines, whose threads call Python: its end would wait
        # for them, and they for it.
        traceback.clear_frames(error.__traceback__)
        sys.exit(f"error: {_cause(error)}")


def _is_mistake(error: Exception) -> bool:
    """Whether a stage raised what no bad input raises, such as KeyError."""
    if not isinstance(error, tf.errors.OpError):
        return False
    names = re.findall(r"^(\w+Error): ", error.message, re.M)
    kind = getattr(builtins, names[-1], ValueError) if names else ValueError
    return not issubclass(kind, (ValueError, OSError, TypeError))


def _cause(error: Exception) -> str:
    """The line that a person can use, of the many that TensorFlow writes."""
    if not isinstance(error, tf.errors.OpError):
        return str(error)
    raised = re.findall(r"^\w+Error: (.+)$", error.message, re.M)
    if raised:  # In Python, inside a stage, after what it was raised from.
        return raised[-1]
    said = error.message.partition("\n\t [[")[0].strip().splitlines()
    return re.sub(
        r"^\{\{.*?\}\} | \[Op:.*$", "", said[-1] if said else str(error)
    )


def _data_dir() -> str:
    if DATA_DIR.value is None:
        raise ValueError(f"--dataset={DATASET.value} needs --data_dir")
    return DATA_DIR.value
