"""Recipes of thin networks, and five photographs of cats and dogs."""

import dataclasses

import keras
import numpy as np

from guided_segmentation import crf, labels
from guided_segmentation.datasets import schema
from guided_segmentation.networks import builders
from guided_segmentation.training import optimizers, recipe, trainer

PETS = labels.LabelSet(("cat", "dog"))
SETTINGS = trainer.TrainSettings(
    num_steps=4,
    batch_size=2,
    checkpoint_steps=2,
    optimizer=optimizers.OptimizerSettings(learning_rate=1e-3),
)
SEGMENTER = recipe.Recipe(
    network={
        "name": "deeplab_v1",
        "num_classes": 3,
        "width_multiplier": 1 / 32,
        "head_channels": 8,
    },
    trunk_weights="none",
    input_size=33,
    framing="crop",
)
SEEDER = recipe.Recipe(
    network={
        "name": "gap_highres",
        "num_objects": 2,
        "width_multiplier": 1 / 32,
        "head_channels": 8,
    },
    trunk_weights="none",
    input_size=33,
    framing="tight",
)
RESIDUAL = dataclasses.replace(
    SEGMENTER,
    network={
        "name": "deeplab_v2",
        "num_classes": 3,
        "width_multiplier": 1 / 32,
        "blocks": [1, 1, 1, 1],
    },
    data_dependent_init=True,
)
FROZEN = dataclasses.replace(
    SEGMENTER, freeze_through="conv2_2", framing="whole"
)
CRF_LOSS = recipe.CrfLossSettings(settings=crf.SEC, weight=0.5)


def truth(image_id):
    """[height, width] uint8 labels, with a border to ignore."""
    index = int(image_id[-1])
    label_map = np.zeros((30 + index, 40), np.uint8)
    label_map[5 : 20 + index, 3 * index : 20] = 1 + index % 2
    label_map[:3] = labels.IGNORE
    return label_map


def photograph(image_id):
    """[height, width, 3] uint8, whose colours follow the labels."""
    random = np.random.default_rng(int(image_id[-1]))
    image = 60 * truth(image_id).clip(0, 3)[..., None] + np.zeros(3, "u1")
    return (image + random.integers(0, 60, image.shape)).astype(np.uint8)


IDS = tuple(f"2007_{index}" for index in range(5))
SOURCE = schema.Source(
    name="pets/train",
    image_ids=IDS,
    image=photograph,
    image_labels=lambda image_id: labels.present(truth(image_id), 2),
    label_map=truth,
    label_set=PETS,
)


def fresh_network(chosen):
    """The network with the weights that training starts from."""
    keras.utils.set_random_seed(SETTINGS.seed)
    network = builders.build(chosen.network)
    first = network.get_layer("conv1_1")
    kernel, bias = first.get_weights()
    first.set_weights([kernel / 64, bias])
    return network


def with_crf_loss(chosen):
    return dataclasses.replace(chosen, crf_loss=CRF_LOSS)
