"""One photograph looked at in several sizes, and in the mirror."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from guided_segmentation import images

# From a photograph and indices of objects to their score maps, and all logits.
Seeder = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def averaged(
    score_one_view: Callable[..., tuple[tf.Tensor, tf.Tensor]],
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    *,
    stride: int,
    origin: float,
) -> Seeder:
    """Makes a seeder out of one score_one_view at a framed photograph.

    The release has one scale and no flip; score maps and logits of several
    views are averaged.

    Args:
      score_one_view: From [1, rows, columns, 3] float32 BGR minus mean and
        [K] int32 objects to [rows / stride, columns / stride, K] float32
        score maps and
        [num_objects] float32 logits.
      size: Input size of the network; photographs are framed whole.
      scales: Factors on `size`.
      flip: Whether the mirror image is averaged in.
      stride: Pixels between neighbouring cells of the score maps.
      origin: Pixel on which cell 0 is centred.

    Returns:
      A tf.function from a [height, width, 3] uint8 RGB photograph and [K]
      int32 indices of objects to [height, width, K] float32 score maps and
      [num_objects] float32 logits.
    """

    def one(image, objects, scale):
        side = images.scaled_size(size, scale)
        framed = images.frame(image, side, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        maps, logits = score_one_view(inputs, objects)
        return images.upsample_to_image(maps, framed, stride, origin), logits

    def mirrored(image, objects, scale):
        maps, logits = one(tf.reverse(image, [1]), objects, scale)
        return tf.reverse(maps, [1]), logits

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def seed(image, objects):
        views = [one(image, objects, scale) for scale in scales]
        if flip:
            views += [mirrored(image, objects, scale) for scale in scales]
        maps, logits = zip(*views, strict=True)
        return tf.add_n(maps) / len(maps), tf.add_n(logits) / len(logits)

    return seed


def per_object(
    tape: tf.GradientTape, scores: tf.Tensor, source: tf.Tensor
) -> tf.Tensor:
    """Differentiates the score of each object, one after the other.

    Args:
      tape: A persistent one, that saw how `scores` came from `source`.
      scores: [K] float.
      source: [1, rows, columns, channels] float.

    Returns:
      [K, rows, columns, channels] float32; memory holds one backward pass.
    """
    count = tf.size(scores)

    def gradient(index):
        chosen = tf.one_hot(index, count, dtype=scores.dtype)
        found = tape.gradient(scores, source, chosen)
        return tf.cast(found[0], tf.float32)

    def some():
        return tf.map_fn(
            gradient,
            tf.range(count),
            parallel_iterations=1,
            fn_output_signature=tf.float32,
        )

    def none():
        return tf.zeros(tf.concat([[0], tf.shape(source)[1:]], 0))

    return tf.cond(count > 0, some, none)
