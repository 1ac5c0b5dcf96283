"""Back-propagation: which pixels the classifier's score of an object hangs on.

The three methods differ in one rule of the backward pass and share the rest.
The forward pass is the classifier's own.

Source: Oh et al., CVPR 2017, section 4.2; each method names its own.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from guided_segmentation.seeders import smoothing, views

BLUR_PX = 8.0  # At the size of the input; the paper gives no figure.
READ_AT = "pool4"  # Where excitation is read, as by Zhang et al. in VGG16.
VOTES, FEATURES = "fc8", "drop_fc7"


@tf.custom_gradient
def guided_relu(x: tf.Tensor) -> tuple:
    """A ReLU whose gradient passes only what argues for the object.

    Source: Springenberg et al., "Striving for simplicity: the all
    convolutional net", ICLR 2015 workshop, section 3.4.
    """
    y = tf.nn.relu(x)

    def backward(upstream):
        passed = tf.logical_and(y > 0, upstream > 0)
        return tf.where(passed, upstream, tf.zeros_like(upstream))

    return y, backward


@keras.utils.register_keras_serializable("guided_segmentation")
class ExcitationConv2D(layers.Conv2D):
    """A convolution that hands probability down to those who excited it.

    Each output gives its probability to its inputs in proportion to what each
    added to it: activation times positive weight. Inputs are activations, so
    none is negative. What reaches an output that only its bias excites is lost.

    Source: Zhang et al., "Top-down neural attention by excitation backprop",
    ECCV 2016, equation 10.
    """

    def call(self, inputs):
        """Returns what the plain convolution does."""
        outputs = tf.stop_gradient(super().call(inputs))
        positive = tf.cast(tf.nn.relu(self.kernel), inputs.dtype)
        return self._excited(inputs, positive, outputs)

    def _excited(self, inputs, positive, outputs):
        padding = self.padding.upper()

        @tf.custom_gradient
        def excited(x):
            def backward(upstream):
                sums = tf.nn.conv2d(x, positive, 1, padding)
                shares = tf.math.divide_no_nan(upstream, sums)
                back = tf.nn.conv2d_transpose(
                    shares, positive, tf.shape(x), 1, padding
                )
                return x * back

            return outputs, backward

        return excited(inputs)


METHODS = {
    "vanilla": {},
    "guided": {"relu": guided_relu},
    "excitation": {"convolution": ExcitationConv2D},
}


def seeder(
    network: keras.Model,
    size: int,
    method: str,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    *,
    blur_px: float = BLUR_PX,
    contrastive: bool = False,
) -> views.Seeder:
    """Makes the function from a photograph to the score maps of its objects.

    One forward pass, and one backward pass an object.

    Args:
      network: The classifier, built with the rules of METHODS[method], as
        networks.weights.trained does.
      size: Its input size.
      method: "vanilla" (Simonyan et al., ICLR 2014 workshop), "guided" or
        "excitation".
      scales: As `views.averaged`.
      flip: As `views.averaged`.
      blur_px: Deviation of the Gaussian that smooths the score maps, in
        pixels of the input.
      contrastive: For "excitation": whether what excites the negated votes is
        taken away (Zhang et al., section 3.3).

    Returns:
      As `views.averaged`; score maps are not negative.

    Raises:
      ValueError: If the network is not the classifier, or another method is to
        be contrastive.
    """
    require_classifier(network)
    if method == "excitation":
        return _excitation(network, size, scales, flip, blur_px, contrastive)
    if contrastive:
        raise ValueError(
            f"wanted excitation for a contrastive seeder, found {method}"
        )

    def score_one_view(inputs, objects):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            logits = network(inputs, training=False)[0]
            scores = tf.gather(logits, objects)
        found = saliency(views.per_object(tape, scores, inputs))
        return _smooth(found, blur_px), logits

    return views.averaged(
        score_one_view, size, scales, flip, stride=1, origin=0.0
    )


def saliency(gradients: tf.Tensor) -> tf.Tensor:
    """Takes the largest absolute gradient over the colours of each pixel.

    Source: Simonyan et al., "Deep inside convolutional networks", ICLR 2014
    workshop, section 3.1.

    Args:
      gradients: [K, rows, columns, 3] float32.

    Returns:
      [K, rows, columns] float32, not negative.
    """
    return tf.reduce_max(tf.abs(gradients), -1)


def excitation(
    features: tf.Tensor, votes: tf.Tensor, contrastive: bool = False
) -> tf.Tensor:
    """Gives each cell of the last features its probability for each object.

    Average and votes are linear, so they count as one layer (appendix B.1).

    Args:
      features: [rows, columns, channels] float32, not negative.
      votes: [channels, K] float32 weights of the objects.
      contrastive: Whether the probability under the negated votes is taken
        away.

    Returns:
      [rows, columns, channels, K] float32; the probabilities of an object sum
      to one, or to zero if contrastive or if nothing votes for it.
    """
    excited = features[..., None] * tf.nn.relu(votes)
    total = tf.reduce_sum(excited, [0, 1, 2])
    found = tf.math.divide_no_nan(excited, total)
    return found - excitation(features, -votes) if contrastive else found


def require_classifier(network: keras.Model) -> None:
    """Checks that a network is the VGG16 classifier.

    Raises:
      ValueError: If not.
    """
    if network.name != "vgg16":
        raise ValueError(
            f"wanted the classifier (vgg16), found {network.name}; name the "
            f"folder of a run of bin/train_seeder --seeder=vgg16"
        )


def _excitation(network, size, scales, flip, blur_px, contrastive):
    outputs = [network.get_layer(x).output for x in (READ_AT, FEATURES)]
    parts = keras.Model(network.input, [*outputs, network.output])
    votes = network.get_layer(VOTES).weights[0]
    stride, origin = 16, 7.5  # Of pool4.

    def score_one_view(inputs, objects):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            read_at, features, logits = parts(inputs, training=False)
            features = tf.cast(features[0], tf.float32)
            chosen = tf.gather(
                tf.convert_to_tensor(votes)[0, 0], objects, axis=1
            )
            start = tf.stop_gradient(excitation(features, chosen, contrastive))
            scores = tf.einsum("hwc,hwck->k", features, start)
        found = views.per_object(tape, scores, read_at)
        found = tf.nn.relu(tf.reduce_sum(found, -1))
        return _smooth(found, blur_px / stride), logits[0]

    return views.averaged(
        score_one_view, size, scales, flip, stride=stride, origin=origin
    )


def _smooth(found, sigma):
    """Score maps out of what was found for each object."""
    return tf.transpose(smoothing.gaussian(found, sigma), [1, 2, 0])
