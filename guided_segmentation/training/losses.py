"""Losses of the paper's networks, as means over the global batch.

Call them inside `strategy.run` and sum the replicas' gradients: each replica
returns its share, so that two devices step exactly as one does.

Source: Oh et al., CVPR 2017, section 3 and appendix F; Caffe's
SigmoidCrossEntropyLoss and SoftmaxWithLoss.
"""

import tensorflow as tf

from guided_segmentation.labels import IGNORE


def multi_label_loss(image_labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropies summed over objects, averaged over images.

    Args:
      image_labels: [batch, num_objects] bool.
      logits: [batch, num_objects] float32, before the sigmoid.

    Returns:
      This replica's share of the loss, a float32 scalar.
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.cast(image_labels, tf.float32), logits
    )
    count = _global_sum(tf.cast(tf.shape(logits)[0], tf.float32))
    return tf.reduce_sum(losses) / count


def pixel_loss(label_map: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean cross-entropy over the labelled pixels of the global batch.

    Args:
      label_map: [batch, height, width] uint8; IGNORE pixels count nowhere.
      logits: [batch, height, width, num_classes] float32, before softmax.

    Returns:
      This replica's share of the loss, a float32 scalar; 0 if no pixel is
      labelled.
    """
    labelled = label_map != IGNORE
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.cast(tf.where(labelled, label_map, 0), tf.int32), logits
    )
    count = _global_sum(tf.math.count_nonzero(labelled, dtype=tf.float32))
    total = tf.reduce_sum(tf.where(labelled, losses, 0.0))
    return total / tf.maximum(count, 1.0)


def _global_sum(value):
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)
