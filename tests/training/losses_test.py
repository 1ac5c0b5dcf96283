import exact_crf
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import crf
from guided_segmentation.labels import IGNORE
from guided_segmentation.training import losses


def log_softmax(logits):
    """In float64, by the definition."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def drawn(seed=0, shape=(3, 5, 4), num_classes=6):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 4, (*shape, num_classes)).astype(np.float32)
    label_map = random.integers(0, num_classes, shape, np.uint8)
    label_map[random.random(shape) < 0.4] = IGNORE
    return label_map, logits


def gradient(loss, targets, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(targets, logits)
    return tape.gradient(value, logits).numpy()


def test_a_score_of_zero_costs_the_log_of_two_for_every_object():
    image_labels = np.array([[True, False, False], [True, True, False]])
    loss = losses.multi_label_loss(image_labels, np.zeros((2, 3), np.float32))
    assert loss.numpy() == pytest.approx(3 * np.log(2))


def test_the_multi_label_loss_of_a_hand_worked_pair():
    """log(1 + e^-1) + log(1 + e^2) for one image, log(1 + e^3) for another."""
    image_labels = np.array([[True, False], [True, True]])
    logits = np.array([[1, 2], [-3, 40]], np.float32)
    expected = np.log1p(np.exp([-1.0, 2.0, 3.0])).sum() / 2
    loss = losses.multi_label_loss(image_labels, logits)
    assert loss.numpy() == pytest.approx(expected)


def test_the_multi_label_loss_is_that_of_float64():
    random = np.random.default_rng(0)
    logits = random.normal(0, 5, (7, 20))
    image_labels = random.random((7, 20)) < 0.2
    signed = np.where(image_labels, -logits, logits)
    expected = np.log1p(np.exp(signed)).sum() / 7
    loss = losses.multi_label_loss(image_labels, logits.astype(np.float32))
    assert loss.numpy() == pytest.approx(expected, rel=1e-6)


def test_the_pixel_loss_of_equal_scores_is_the_log_of_the_classes():
    label_map = np.array([[[0, 3], [2, IGNORE]]], np.uint8)
    loss = losses.pixel_loss(label_map, np.full((1, 2, 2, 4), 5, np.float32))
    assert loss.numpy() == pytest.approx(np.log(4))


def test_the_pixel_loss_of_a_hand_worked_row():
    """Probabilities 1/4 and 3/4 for two classes: -log 3/4 and -log 1/4."""
    logits = np.tile(np.log([1.0, 3.0]), (1, 1, 3, 1)).astype(np.float32)
    label_map = np.array([[[1, 0, IGNORE]]], np.uint8)
    expected = -(np.log(0.75) + np.log(0.25)) / 2
    loss = losses.pixel_loss(label_map, logits)
    assert loss.numpy() == pytest.approx(expected, rel=1e-6)


def test_the_pixel_loss_is_that_of_float64():
    label_map, logits = drawn()
    labelled = label_map != IGNORE
    of_truth = np.take_along_axis(
        log_softmax(logits), np.where(labelled, label_map, 0)[..., None], -1
    )
    expected = -of_truth[..., 0][labelled].mean()
    loss = losses.pixel_loss(label_map, logits)
    assert loss.numpy() == pytest.approx(expected, rel=1e-6)


def test_the_gradient_of_the_pixel_loss_is_that_of_float64():
    label_map, logits = drawn()
    labelled = label_map != IGNORE
    truth = np.eye(6)[np.where(labelled, label_map, 0)]
    expected = (np.exp(log_softmax(logits)) - truth) * labelled[..., None]
    np.testing.assert_allclose(
        gradient(losses.pixel_loss, label_map, logits),
        expected / labelled.sum(),
        atol=1e-7,
    )


def test_ignored_pixels_do_not_count():
    label_map, logits = drawn()
    ignored = label_map == IGNORE
    changed = np.where(ignored[..., None], 1e4 * logits, logits)
    assert losses.pixel_loss(label_map, logits) == losses.pixel_loss(
        label_map, changed
    )
    assert (gradient(losses.pixel_loss, label_map, changed)[ignored] == 0).all()


def test_a_batch_without_a_labelled_pixel_has_no_loss_and_no_gradient():
    label_map, logits = drawn()
    label_map[:] = IGNORE
    assert losses.pixel_loss(label_map, logits).numpy() == 0
    assert not gradient(losses.pixel_loss, label_map, logits).any()


def test_losses_stay_finite_at_huge_scores():
    logits = np.array([[1e4, -1e4]], np.float32)
    image_labels = np.array([[False, True]])
    loss = losses.multi_label_loss(image_labels, logits)
    assert loss.numpy() == pytest.approx(2e4)
    pixels = logits[:, None, None]
    assert losses.pixel_loss(
        np.ones((1, 1, 1), np.uint8), pixels
    ).numpy() == pytest.approx(2e4)


@pytest.mark.parametrize("labelled_rows", [(0, 5), (1, 4), (5, 5)])
def test_losses_of_replicas_add_up_to_the_mean_over_the_global_batch(
    two_cpus, labelled_rows
):
    """However unevenly the labelled pixels are spread."""
    _, logits = drawn(shape=(2, 5, 4))
    label_map = np.ones((2, 5, 4), np.uint8)
    for example, rows in zip(label_map, labelled_rows, strict=True):
        example[rows:] = IGNORE

    @tf.function
    def shares():
        def one():
            replica = tf.distribute.get_replica_context()
            index = replica.replica_id_in_sync_group
            parts = (tf.gather(x, [index]) for x in (label_map, logits))
            return losses.pixel_loss(*parts)

        return two_cpus.run(one)

    total = two_cpus.reduce("SUM", shares(), axis=None)
    whole = losses.pixel_loss(label_map, logits)
    np.testing.assert_allclose(total, whole, rtol=1e-6)


def test_multi_label_losses_of_replicas_add_up_too(two_cpus):
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    image_labels = logits > 0.5

    @tf.function
    def shares():
        def one():
            replica = tf.distribute.get_replica_context()
            rows = 2 * replica.replica_id_in_sync_group + tf.range(2)
            return losses.multi_label_loss(
                tf.gather(image_labels, rows), tf.gather(logits, rows)
            )

        return two_cpus.run(one)

    total = two_cpus.reduce("SUM", shares(), axis=None)
    whole = losses.multi_label_loss(image_labels, logits)
    np.testing.assert_allclose(total, whole, rtol=1e-6)


CELLS = crf.SEC.shrunk(12)


def photographs(seed=0, batch=3):
    """Halves of two colours, and logits that favour their classes."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 9, (batch, 5, 6, 3), np.uint8) + 60
    image[:, :, 3:] += 90
    logits = random.normal(0, 1, (batch, 5, 6, 4))
    logits[:, :, 3:, 1] += 1
    return image, logits.astype(np.float32)


def exactly(image, logits, settings):
    """P and Q of crf-loss in float64, by the definition."""
    pairs = zip(image, -logits.astype(np.float64), strict=True)
    inferred = np.stack([exact_crf.mean_field(*x, settings) for x in pairs])
    constrained = np.maximum(inferred.reshape(logits.shape), 1e-4)
    constrained /= constrained.sum(-1, keepdims=True)
    softmax = np.exp(log_softmax(logits))
    return (softmax + 1e-4) / (1 + 1e-4 * logits.shape[-1]), constrained


@pytest.mark.parametrize("settings", [CELLS, crf.SEC, crf.MILD])
def test_the_crf_loss_is_the_divergence_of_float64(settings):
    image, logits = photographs()
    free, constrained = exactly(image, logits, settings)
    expected = (constrained * np.log(constrained / free)).sum(-1).mean()
    loss = losses.crf_loss(image, logits, settings)
    assert loss.numpy() == pytest.approx(expected, rel=1e-4)
    assert expected > 1e-3


@pytest.mark.parametrize("settings", [CELLS, crf.SEC, crf.MILD])
def test_the_crf_of_the_crf_loss_is_a_target_like_a_label(settings):
    """The gradient is that of the cross-entropy from it: P - Q, but for P's
    floor."""
    image, logits = photographs()
    free, constrained = exactly(image, logits, settings)
    softmax = np.exp(log_softmax(logits))
    share = constrained * softmax / (softmax + 1e-4)
    expected = softmax * share.sum(-1, keepdims=True) - share
    found = gradient(
        lambda image, logits: losses.crf_loss(image, logits, settings),
        image,
        logits,
    )
    np.testing.assert_allclose(found, expected / 90, atol=1e-6)
    np.testing.assert_allclose(found, (free - constrained) / 90, atol=2e-4)


def test_the_crf_loss_and_its_gradient_are_0_without_edges():
    """Up to the lower limits of both."""
    image, logits = photographs()

    def loss(image, logits):
        return losses.crf_loss(image, logits, crf.NONE)

    assert abs(loss(image, logits)) < 1e-6
    assert np.abs(gradient(loss, image, logits)).max() < 1e-5


def test_the_crf_loss_stays_finite_at_huge_scores():
    image, logits = photographs()

    def loss(image, logits):
        return losses.crf_loss(image, logits, CELLS)

    assert 0 <= loss(image, 1e4 * logits) < 10
    assert np.isfinite(gradient(loss, image, 1e4 * logits)).all()


def test_crf_losses_of_replicas_add_up_too(two_cpus):
    image, logits = photographs(batch=2)

    @tf.function
    def shares():
        def one():
            replica = tf.distribute.get_replica_context()
            index = replica.replica_id_in_sync_group
            parts = (tf.gather(x, [index]) for x in (image, logits))
            return losses.crf_loss(*parts, CELLS)

        return two_cpus.run(one)

    total = two_cpus.reduce("SUM", shares(), axis=None)
    whole = losses.crf_loss(image, logits, CELLS)
    np.testing.assert_allclose(total, whole, rtol=1e-5)


def test_the_distillation_loss_of_a_hand_worked_row():
    """Probabilities 0, 1/2 and 1 of class 1; the last pixel is ignored."""
    levels = np.array([[[0, 127, 254, 255]]], np.uint8)
    logits = np.zeros((1, 1, 4, 2), np.float32)
    logits[0, 0, :, 1] = np.log([1, 1, 3, 100])
    wanted = (np.log(2) + np.log(2) + np.log(4 / 3)) / 3
    loss = losses.distillation_loss(levels, logits)
    np.testing.assert_allclose(loss, wanted, rtol=1e-6)


def test_the_distillation_loss_of_sure_targets_is_that_of_the_pixels():
    noise = np.random.default_rng(0)
    label_map = noise.integers(0, 2, (2, 3, 4), np.uint8)
    logits = noise.normal(size=(2, 3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(
        losses.distillation_loss(losses.MAX_LEVEL * label_map, logits),
        losses.pixel_loss(label_map, logits),
        rtol=1e-6,
    )


def test_the_distillation_loss_is_least_where_the_student_agrees():
    levels = np.full((1, 1, 1), 64, np.uint8)
    agreed = np.log(64 / (254 - 64))
    found = [
        float(
            losses.distillation_loss(
                levels, np.array([[[[0, agreed + change]]]], np.float32)
            )
        )
        for change in (-0.2, 0.0, 0.2)
    ]
    assert found[1] < min(found[0], found[2])


def test_the_distillation_loss_without_a_pixel_is_zero():
    levels = np.full((1, 2, 2), 255, np.uint8)
    assert not losses.distillation_loss(levels, np.ones((1, 2, 2, 2), "f4"))
