"""Joins network, photographs and loss into one run of the trainer.

The recipe of the paper is the same for seeder, saliency net and segmenter:
a VGG16 trunk with pretrained weights, fine-tuned by SGD on squares cut from
photographs. What differs is the head, the target and the loss.

Source: Oh et al., CVPR 2017, section 6.1 and appendices B.2 and F.
"""

import dataclasses
import functools
import pathlib
import platform
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import guided_segmentation
from guided_segmentation import artifacts, crf, images, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.networks import deeplab_v1, dropout, vgg16, weights
from guided_segmentation.training import features, losses, trainer


def _shuffled(source, *rest):
    return pipeline.shuffled(source.image_ids, *rest)


def _class_balanced(source, *rest):
    return pipeline.class_balanced(
        source.image_ids, source.all_image_labels, *rest
    )


# From a source, the first position, the last one and a seed to examples.
BATCHES = {"shuffled": _shuffled, "class_balanced": _class_balanced}

# Pixels of a photograph to one of the network's input: SEC's are about 500
# wide, and 321 to the network, so that a cell of 8 pixels covers 12.
_SHRUNK = 1.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrfLoss:
    """crf-loss beside the cross-entropy; see training.losses.crf_loss.

    Attributes:
      settings: Of the CRF, its reaches in pixels of photographs.
      weight: Factor on the loss.
    """

    settings: crf.CrfSettings
    weight: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is fine-tuned from which weights, on squares of which size.

    Attributes:
      network: Name and arguments of a builder, as networks.weights.build
        takes them.
      trunk_weights: "none", "imagenet" or a path; see networks.weights.
      freeze_through: Last layer that does not learn; None trains all. With
        the framing "whole" the features of frozen layers are cached.
      input_size: Side of the squares in pixels, 8 n + 1, or 16 n + 1 where
        the network's stride is 16.
      framing: Key of images.FRAMINGS.
      scales: Factors on the size at which photographs are seen; one is drawn
        for each example. A seeder wants 1 alone: its labels are those of the
        whole photograph.
      calibrate: Whether layers without pretrained weights, the last one
        apart, are scaled to the first batch; see networks.weights.calibrate.
      batches: Key of BATCHES: which images come when.
      crf_loss: For a dense network; None leaves it out.

    Raises:
      ValueError: If `input_size` is not a multiple of the stride, plus 1, or
        too small for the classifier, or a scale is not positive, or not 1 for
        a seeder, or a seeder is given a crf_loss.
    """

    network: dict
    trunk_weights: str = "imagenet"
    freeze_through: str | None = None
    input_size: int = 321
    framing: str = "tight"
    scales: tuple[float, ...] = (1.0,)
    calibrate: bool = False
    batches: str = "shuffled"
    crf_loss: CrfLoss | None = None

    def __post_init__(self):
        stride = _stride(self)
        if self.input_size % stride != 1:
            raise ValueError(
                f"input_size must be {stride} n + 1, such as 321, for its "
                f"borders to lie in cells of the label map; got "
                f"{self.input_size}"
            )
        if self.network["name"] == "vgg16" and self.input_size < vgg16.SMALLEST:
            raise ValueError(
                f"wanted an input_size of at least {vgg16.SMALLEST} for "
                f"vgg16, whose fc6 looks at 7x7 cells of 32 pixels; got "
                f"{self.input_size}"
            )
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f"wanted positive train_scales, found {list(self.scales)}"
            )
        if not _is_dense(self) and set(self.scales) != {1.0}:
            raise ValueError(
                f"a seeder learns from whole photographs: wanted train_scales "
                f"of 1 for {self.network['name']}, found {list(self.scales)}"
            )
        if not _is_dense(self) and self.crf_loss is not None:
            raise ValueError(
                f"crf_loss wants a network with a class at every pixel, such "
                f"as deeplab_v1; found {self.network['name']}"
            )


def train(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    *,
    work_dir: artifacts.Path,
    settings: trainer.TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    features_dir: artifacts.Path | None = None,
    record: dict | None = None,
) -> None:
    """Trains one network and leaves weights.npz and settings.json.

    A finished run is left as it is; one that was stopped goes on.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: Takes an image id; returns the [num_objects] bool image labels
        for a GAP network, the [height, width] uint8 label map for a dense
        one.
      work_dir: The run's folder.
      settings: How it is trained.
      strategy: How it is spread over devices; mirrored if None.
      features_dir: Where features of frozen layers are cached; inside
        `work_dir` if None.
      record: More for settings.json.

    Raises:
      ValueError: If `work_dir` holds a run of other settings.
    """
    work_dir = pathlib.Path(work_dir)
    record = {**_record(recipe, source), **(record or {})}
    is_finished = (work_dir / weights.WEIGHTS_FILE).exists()
    artifacts.claim(
        work_dir,
        trainer.recorded(settings, record),
        is_begun=is_finished or trainer.is_begun(work_dir),
    )
    if is_finished:
        return
    stored = _frozen_features(
        recipe, source, features_dir or work_dir / "features", settings
    )
    whole: list[keras.Model] = []  # Filled inside the strategy's scope.
    make_batches = functools.partial(
        batches, recipe, source, target, settings, stored
    )
    loss, targets = objective(recipe)
    task = trainer.Task(
        build=functools.partial(
            _build,
            recipe,
            stored is not None,
            whole,
            functools.partial(make_batches, 0),
        ),
        batches=make_batches,
        loss=loss,
        inputs="input",
        targets=targets,
        seeded=dropout.example_seeds,
        pictures=_pictures if _is_dense(recipe) else None,
    )
    trainer.train(
        task,
        work_dir=work_dir,
        settings=settings,
        strategy=strategy,
        record=record,
    )
    weights.save(whole[0], work_dir / weights.WEIGHTS_FILE)


def _record(recipe, source):
    label_set = source.label_set
    return {
        **dataclasses.asdict(recipe),
        "trunk_weights_sha256": weights.sha256(recipe.trunk_weights),
        "source": source.name,
        "source_digest": source.digest,
        "images": len(source.image_ids),
        "objects": list(label_set.objects) if label_set else None,
        "versions": {
            "guided_segmentation": guided_segmentation.__version__,
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def _stride(recipe):
    return recipe.network.get("stride", deeplab_v1.STRIDE)


def _is_dense(recipe):
    return recipe.network["name"].startswith("deeplab")


def _new_network(recipe):
    """The network, and which of its layers got no pretrained weights."""
    network = weights.build(recipe.network)
    loaded = weights.pretrained(recipe.trunk_weights, recipe.network["name"])
    taken = weights.trunk_of(loaded) | _pretrained_head(recipe, loaded)
    received = weights.assign(network, taken, recipe.trunk_weights)
    if not loaded:
        _calm(network)
    fresh = [x.name for x in network.layers if x.weights][:-1]
    return network, [name for name in fresh if name not in received]


def _pretrained_head(recipe, loaded):
    """fc6 and fc7 of VGG16, as far as the network has room for them."""
    network = recipe.network
    tap_step = {"deeplab_v1": 3, "gap_deeplab": 3, "vgg16": 1}.get(
        network["name"]
    )
    if tap_step is None or network.get("width", 1.0) != 1.0:
        return {}
    channels = network.get("head_channels", 1024)
    return weights.reduced_top(loaded, channels, tap_step)


def _calm(network):
    """Scales fresh first kernels to inputs of deviation 64 instead of 1."""
    first = next(layer for layer in network.layers if layer.weights)
    kernel, bias = first.get_weights()
    first.set_weights([kernel / 64, bias])


def _build(recipe, from_features, whole, first_batch):
    network, fresh = _new_network(recipe)
    whole.append(network)
    trained = network
    if recipe.freeze_through is not None:
        lower, upper = weights.split(network, recipe.freeze_through)
        for layer in lower.layers:
            layer.trainable = False
        trained = upper if from_features else network
    if recipe.calibrate:
        inputs = next(iter(first_batch()))["input"]
        weights.calibrate(trained, fresh, inputs, centred=not _is_dense(recipe))
    return trained


def _frozen_features(recipe, source, folder, settings):
    """Cached features, one array a scale; None where squares are cut anew."""
    if recipe.freeze_through is None or recipe.framing != "whole":
        return None
    keras.mixed_precision.set_global_policy(settings.precision)
    keras.utils.set_random_seed(settings.seed)
    lower, _ = weights.split(_new_network(recipe)[0], recipe.freeze_through)
    key = {
        "layers": [layer.name for layer in lower.layers],
        "digest": weights.digest(lower),
        "precision": settings.precision,
        "source": source.name,
        "source_digest": source.digest,
        "image_ids": list(source.image_ids),
    }
    return [
        features.cached(
            tf.function(functools.partial(lower, training=False)),
            functools.partial(_pairs, recipe, source, size),
            count=len(source.image_ids),
            folder=folder,
            key={**key, "size": size, "padded_to": recipe.input_size},
        )
        for size in _sizes(recipe)
    ]


def _sizes(recipe):
    """Sides of whole photographs at each scale: whole cells, plus 1."""
    stride = _stride(recipe)
    return [
        images.scaled_size(recipe.input_size, scale, stride)
        for scale in recipe.scales
    ]


def _pairs(recipe, source, size):
    """Yields each photograph as the network sees it, and its mirror image."""
    for example in pipeline.in_order(source.image_ids, {"image": source.image}):
        framed = images.frame(tf.constant(example["image"]), size, "whole")
        image = images.reflect_pad(framed.pixels, *2 * [recipe.input_size])
        image = images.subtract_mean(image)
        yield tf.stack([image, tf.reverse(image, [1])])


def objective(
    recipe: Recipe,
) -> tuple[Callable[..., tf.Tensor], tuple[str, ...]]:
    """Returns the loss, and what it takes of a batch beside the output.

    Args:
      recipe: What is fine-tuned.

    Returns:
      `loss` and `targets`, as trainer.Task takes them.
    """
    if not _is_dense(recipe):
        return losses.multi_label_loss, ("target",)
    if recipe.crf_loss is None:
        return losses.pixel_loss, ("target",)
    at_cells = recipe.crf_loss.settings.shrunk(_SHRUNK * _stride(recipe))

    def loss(label_map, image, logits):
        apart = losses.crf_loss(image, logits, at_cells)
        return (
            losses.pixel_loss(label_map, logits)
            + recipe.crf_loss.weight * apart
        )

    return loss, ("target", "image")


def batches(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    settings: trainer.TrainSettings,
    stored: list[np.ndarray] | None,
    first_step: int,
) -> tf.data.Dataset:
    """Makes the batches of a run, from one step on.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: As `train` takes it.
      settings: How it is trained.
      stored: Cached features as training.features.cached returns them, one
        array for each scale; None cuts new squares.
      first_step: 0, or where an earlier run stopped.

    Returns:
      Batches of "input", "target" and "seed", as trainer.Task takes them; for
      crf_loss also "image", [batch, cell rows, cell columns, 3] uint8 RGB.

    Raises:
      ValueError: If they are balanced by class and no image has an object, or
        the data have no image labels.
    """
    examples = BATCHES[recipe.batches](
        source,
        first_step * settings.batch_size,
        settings.num_steps * settings.batch_size,
        settings.seed,
    )
    key = "label_map" if _is_dense(recipe) else "image_labels"
    parts = {key: target}
    if stored is None or recipe.crf_loss is not None:
        parts["image"] = source.image
    cut = _cut(recipe, key) if stored is None else _recall(recipe, key, stored)
    stages = [pipeline.read(parts), cut]
    return pipeline.training_batches(examples, stages, settings.batch_size)


def _cut(recipe, key):
    """The stage that cuts a square and its target."""
    on_grid = functools.partial(_on_grid, recipe)

    def cut(example):
        image = example["image"]
        label_map = example.get("label_map", tf.zeros_like(image[..., 0]))
        image, label_map = images.training_crop(
            image,
            label_map,
            example["seed"],
            size=recipe.input_size,
            framing=recipe.framing,
            scale=images.one_of(recipe.scales, example["seed"]),
        )
        target = example[key] if key == "image_labels" else on_grid(label_map)
        made = {
            "input": images.subtract_mean(image),
            "target": target,
            "seed": example["seed"],
        }
        if recipe.crf_loss is not None:
            made["image"] = _at_cells(recipe, image)
        return made

    return cut


def _recall(recipe, key, stored):
    """The stage that cuts cached features, flipped half of the time."""
    cells, cell_px = _window(recipe, stored)
    spaces = [array.shape[2] - cells for array in stored]
    fetch = pipeline.numpy_stage(
        lambda scale, index, mirror, row, column: np.array(
            stored[scale][
                index, int(mirror), row : row + cells, column : column + cells
            ]
        ),
        tf.TensorSpec([cells, cells, stored[0].shape[-1]], tf.float16),
    )

    def recall(example):
        seed, mirror = example["seed"], images.flipped(example["seed"])
        scale = images.one_of(range(len(stored)), seed)
        at = images.corner(seed, tf.gather(spaces, [scale, scale]))
        side = tf.gather(_sizes(recipe), scale)
        square = functools.partial(_square, recipe, mirror, at * cell_px)
        target = example[key]
        if key == "label_map":
            label_map = images.whole_label_map(target, side)
            target = _on_grid(recipe, square(label_map[..., None])[..., 0])
        made = {
            "input": fetch(scale, example["index"], mirror, at[0], at[1]),
            "target": target,
            "seed": seed,
        }
        if recipe.crf_loss is not None:
            image = images.frame(example["image"], side, "whole").pixels
            made["image"] = _at_cells(recipe, square(image))
        return made

    return recall


def _window(recipe, stored):
    """Cells of cached features to a square, and pixels to a cell."""
    canvas = max(recipe.input_size, _sizes(recipe)[0])
    cell_px = (canvas - 1) // (stored[0].shape[2] - 1)
    return (recipe.input_size - 1) // cell_px + 1, cell_px


def _square(recipe, mirror, at, whole):
    """Pads what belongs to a whole photograph, flips it, and cuts a square."""
    size = recipe.input_size
    whole = images.reflect_pad(whole, size, size)
    whole = tf.where(mirror, tf.reverse(whole, [1]), whole)
    square = whole[at[0] : at[0] + size, at[1] : at[1] + size]
    return tf.ensure_shape(square, [size, size, None])


def _on_grid(recipe, label_map):
    """The label under the centre of each cell of the logits."""
    step = _stride(recipe)
    pooling = recipe.network.get("pooling", "3x3")
    first = round(deeplab_v1.ORIGINS[pooling])
    beyond = [[0, first], [0, first]]
    label_map = tf.pad(label_map, beyond, constant_values=labels.IGNORE)
    return label_map[first::step, first::step]


def _at_cells(recipe, image):
    """The colour at the centre of each cell of the logits, uint8.

    Beyond the border it is that of the border.
    """
    pooling = recipe.network.get("pooling", "3x3")
    first = deeplab_v1.ORIGINS[pooling]
    places = first + tf.range(0.0, recipe.input_size, _stride(recipe))
    return tf.cast(tf.round(images.sample(image, places, places)), tf.uint8)


def _pictures(batch, output):
    """[n, rows, columns, 3]: target beside prediction, eight pixels a cell."""
    prediction = tf.argmax(output, -1).numpy().astype(np.uint8)
    pairs = np.concatenate([batch["target"].numpy(), prediction], axis=2)
    return labels.palette()[pairs].repeat(8, axis=1).repeat(8, axis=2)
