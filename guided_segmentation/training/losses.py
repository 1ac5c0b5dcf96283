"""Losses of the paper's networks, as means over the global batch.

Call them inside `strategy.run` and sum the gradients of the replicas. Each
replica returns its part of the mean, so that two devices compute the same step
as one.

Each loss divides a sum by a count over the global batch. Where that cannot be
summed over the replicas inside of the loss, as in a loop over parts of a batch,
the caller gives it.

Source: Oh et al., CVPR 2017, section 3 and appendices C and F; Caffe's
SigmoidCrossEntropyLoss and SoftmaxWithLoss.
"""

from __future__ import annotations

import tensorflow as tf

from guided_segmentation import crf
from guided_segmentation.crf import mean_field
from guided_segmentation.labels import IGNORE

MAX_LEVEL = 254  # Of a teacher's saliency; 255 is IGNORE.
MIN_PROBABILITY = 1e-4  # Avoids log(0) in crf-loss; the value of SEC.


def multi_label_loss(
    image_labels: tf.Tensor, logits: tf.Tensor, count: tf.Tensor | None = None
) -> tf.Tensor:
    """Binary cross-entropies summed over objects, averaged over images.

    Args:
      image_labels: [batch, num_objects] bool.
      logits: [batch, num_objects] float32, before the sigmoid.
      count: [] float32, images of the global batch; None sums it over the
        replicas.

    Returns:
      This replica's part of the loss, a float32 scalar.
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.cast(image_labels, tf.float32), logits
    )
    if count is None:
        count = _global_sum(num_images(image_labels))
    return tf.reduce_sum(losses) / count


def pixel_loss(
    label_map: tf.Tensor, logits: tf.Tensor, count: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean cross-entropy over the labelled pixels of the global batch.

    Args:
      label_map: [batch, height, width] uint8; IGNORE pixels do not count.
      logits: [batch, height, width, num_classes] float32, before softmax.
      count: [] float32, labelled pixels of the global batch; None sums it
        over the replicas.

    Returns:
      This replica's part of the loss, a float32 scalar; 0 if no pixel is
      labelled.
    """
    labelled = label_map != IGNORE
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.cast(tf.where(labelled, label_map, 0), tf.int32), logits
    )
    if count is None:
        count = _global_sum(num_labelled(label_map, "float32"))
    total = tf.reduce_sum(tf.where(labelled, losses, 0.0))
    return total / tf.maximum(count, 1.0)


def distillation_loss(
    levels: tf.Tensor, logits: tf.Tensor, count: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean cross-entropy with a teacher's saliency over the global batch.

    Args:
      levels: [batch, height, width] uint8, probability of class 1 in steps of
        1 / MAX_LEVEL; IGNORE pixels do not count.
      logits: [batch, height, width, 2] float32, before softmax.
      count: [] float32, the pixels of the global batch that count; None sums
        it over the replicas.

    Returns:
      This replica's part of the loss, a float32 scalar; 0 if no pixel counts.

    Source: Hinton et al., "Distilling the knowledge in a neural network", 2015.
    """
    counted = levels != IGNORE
    wanted = tf.cast(tf.where(counted, levels, 0), tf.float32) / MAX_LEVEL
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        wanted, logits[..., 1] - logits[..., 0]
    )
    if count is None:
        count = _global_sum(num_labelled(levels, "float32"))
    total = tf.reduce_sum(tf.where(counted, losses, 0.0))
    return total / tf.maximum(count, 1.0)


def num_labelled(label_map: tf.Tensor, dtype: str = "int64") -> tf.Tensor:
    """Returns how many pixels are not IGNORE, a scalar.

    Args:
      label_map: [batch, height, width] uint8.
      dtype: Of the result.
    """
    return tf.math.count_nonzero(label_map != IGNORE, dtype=dtype)


def num_images(targets: tf.Tensor) -> tf.Tensor:
    """Returns the number of images in a batch, a float32 scalar.

    Args:
      targets: [batch, ...].
    """
    return tf.cast(tf.shape(targets)[0], tf.float32)


def crf_loss(
    image: tf.Tensor,
    logits: tf.Tensor,
    settings: crf.CrfSettings,
    count: tf.Tensor | None = None,
) -> tf.Tensor:
    """Divergence of the logits from the output of a dense CRF: crf-loss.

    This is KL(Q || P), averaged over the pixels of the global batch. P is the
    softmax of the logits. Q is the output of the CRF, whose unary potentials
    are the same logits. As in SEC, neither is below about MIN_PROBABILITY.

    Q is a constant target, like a label: the gradient with respect to the
    logits is P - Q (up to the lower limit of P), and 0 where the CRF changes
    nothing. SEC's layers also pass a gradient through Q, the upstream gradient
    times 1 - Q. That is the derivative of a softmax by its own logit, not the
    derivative of the CRF, and it is not 0 where the loss is 0.

    Source: Kolesnikov and Lampert, "Seed, expand and constrain", ECCV 2016,
    section 3.4, constrain-to-boundary loss.

    Args:
      image: [batch, height, width, 3] uint8 RGB.
      logits: [batch, height, width, num_classes] float32, before softmax;
        height and width are static.
      settings: Settings of the CRF; its spatial standard deviations are in
        pixels of `image`.
      count: [] float32, pixels of the global batch; None sums it over the
        replicas.

    Returns:
      This replica's part of the loss, a float32 scalar.
    """
    inferred = mean_field.infer(image, -tf.stop_gradient(logits), settings)
    constrained = _normalized(tf.maximum(inferred, MIN_PROBABILITY))
    free = _normalized(tf.nn.softmax(logits) + MIN_PROBABILITY)
    losses = constrained * (tf.math.log(constrained) - tf.math.log(free))
    if count is None:
        count = _global_sum(tf.size(losses[..., 0], tf.float32))
    return tf.reduce_sum(losses) / count


def _normalized(probabilities):
    return probabilities / tf.reduce_sum(probabilities, axis=-1, keepdims=True)


def _global_sum(value):
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)
