import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import builders
from guided_segmentation.seeders import seeds
from guided_segmentation.serving import servables

SHAPE = (5, 6, 3)


def built(name, **spec):
    return builders.build({"name": name, "width_multiplier": 0.02, **spec})


def settings(objects):
    return {"objects": objects, "input_size": 17, "framing": "whole"}


def of_three(image, objects):
    """Score maps that tell objects apart; one of them is nowhere positive."""
    grid = tf.reduce_mean(tf.cast(image, tf.float32), -1, keepdims=True)
    maps = tf.concat([grid, 255 - grid, -1 - grid], -1)
    return tf.gather(maps, objects, axis=-1), tf.reduce_mean(maps, [0, 1])


@pytest.mark.parametrize("threshold", [0.2, 0.5, 1.0])
def test_seeds_are_those_that_make_seeds_writes(threshold):
    images = np.random.default_rng(0).integers(0, 255, (8, *SHAPE), np.uint8)
    there = (np.arange(8)[:, None] >> np.arange(3)) % 2 == 1  # Every subset.
    module = servables.seeder(of_three, 3, threshold)
    found = module.serving_default(images, there)
    for index, image in enumerate(images):
        objects = np.flatnonzero(there[index])
        maps, logits = of_three(image, objects)
        wanted = seeds.seeds(maps.numpy(), objects + 1, threshold)
        np.testing.assert_array_equal(found["seeds"][index], wanted)
        served = found["score_maps"][index].numpy()
        np.testing.assert_array_equal(served[..., objects], maps)
        assert not served[..., ~there[index]].any()
        np.testing.assert_allclose(found["logits"][index], logits, rtol=1e-6)


def test_a_map_without_anything_salient_has_no_mask():
    """What detector.saliency_map makes of a probability of 0 everywhere."""
    net = built("deeplab_v1", num_classes=2, head_channels=2)
    last = net.get_layer("fc8")
    kernel, _ = last.get_weights()
    last.set_weights([0 * kernel, np.array([0.0, -1e4], np.float32)])
    module = servables.saliency(net, settings(None))
    found = module.serving_default(np.zeros((1, 9, 7, 3), np.uint8))
    assert not found["saliency_map"].numpy().any()
    assert not found["saliency_mask"].numpy().any()


OBJECTS = ["cat", "dog", "cow"]
OTHERS = {
    "seeder": ("gap_highres", {"num_objects": 3}, OBJECTS),
    "saliency net": ("deeplab_v1", {"num_classes": 2}, None),
    "segmenter": ("deeplab_v1", {"num_classes": 2}, ["cat"]),
}


@pytest.mark.parametrize("serve", [servables.segmenter, servables.guided])
@pytest.mark.parametrize("other", ["seeder", "saliency net"])
def test_only_a_segmenter_segments(serve, other):
    name, spec, objects = OTHERS[other]
    net = built(name, head_channels=2, **spec)
    with pytest.raises(ValueError, match=r"wanted a segmenter.*train_segmente"):
        serve(net, settings(objects))


@pytest.mark.parametrize("other", ["seeder", "segmenter"])
def test_only_a_saliency_net_tells_what_is_salient(other):
    name, spec, objects = OTHERS[other]
    net = built(name, head_channels=2, **spec)
    with pytest.raises(
        ValueError, match=r"wanted a saliency net.*train_salien"
    ):
        servables.saliency(net, settings(objects))
