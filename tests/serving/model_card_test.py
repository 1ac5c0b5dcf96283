import pytest
import tensorflow as tf
from thin_servables import every_model

from guided_segmentation import artifacts
from guided_segmentation.serving import model_card, servables

SETTINGS = {
    "network": {"name": "gap_roi"},
    "source": "pascal_voc/train",
    "images": 1464,
    "objects": ["cat", "dog"],
    "trunk_weights": "vgg16.h5",
    "input_size": 321,
    "framing": "whole",
    "training": {"num_steps": 8000, "batch_size": 15, "seed": 0},
}


def no_evidence(image, objects):
    size = tf.concat([tf.shape(image)[:2], tf.shape(objects)], 0)
    return tf.zeros(size), tf.zeros(2)


def card(scores=None):
    module = servables.seeder(no_evidence, 2)
    record = {"seeder": "cam", "scales": [1.0], "threshold": 0.2}
    return model_card.text(module, "m, version 3", SETTINGS, record, scores)


def test_a_card_has_interface_settings_and_limits():
    lines = card().splitlines()
    assert lines[0] == "# m, version 3"
    for line in (
        "| `serving_default` | `image` [any, any, any, 3] uint8; "
        "`image_labels` [any, 2] bool |",
        "| `serve_encoded` | `image_bytes` [any] string; "
        "`image_labels` [any, 2] bool |",
        "| `seeds` | [any, any, any] uint8 |",
        "| `score_maps` | [any, any, any, 2] float32 |",
        "| network | gap_roi |",
        "| source | pascal_voc/train |",
        "| objects | cat, dog |",
        "| training.num_steps | 8000 |",
        "| threshold | 0.2 |",
        f"| TensorFlow | {tf.__version__} |",
        "Not evaluated.",
        "- The dense CRF (crf-seed) is not part of the model.",
    ):
        assert line in lines


def test_a_card_has_scores_with_intervals(tmp_path):
    scores = {"source": "pascal_voc/val", "images": 1449, "miou": 0.51234}
    scores |= {"miou_interval": [0.5, 0.52468], "iou": {"cat": 0.5}}
    scores |= {"mae": None, "against": {"difference": 0.1}}
    scores |= {"predictions_dir": "/p/crf", "flip": False}
    artifacts.write_json(tmp_path / "scores.json", scores)
    found = model_card.read_scores(tmp_path / "scores.json")
    assert found == {
        "data": "pascal_voc/val",
        "predictions_dir": "/p/crf",
        "flip": False,
        "images": "1449",
        "miou": "0.512 [0.500, 0.525]",
    }
    assert "| miou | 0.512 [0.500, 0.525] |" in card(found)


def test_scores_of_seeds_say_on_which_grid(tmp_path):
    """The model may use another, such as the default of 8 pixels."""
    scores = {
        "mp": 0.5,
        "source": "s",
        "dense_scores": False,
        "object_masks_dir": None,
    }
    artifacts.write_json(tmp_path / "seeds.json", scores)
    found = model_card.read_scores(tmp_path / "seeds.json")
    assert found == {"data": "s", "dense_scores": False, "mp": "0.500"}


@pytest.mark.parametrize("other", [SETTINGS["network"], [1, 2], {"source": 1}])
def test_a_file_without_scores_is_refused(tmp_path, other):
    artifacts.write_json(tmp_path / "other.json", other)
    with pytest.raises(
        ValueError, match=r"other.json: wanted the scores of an"
    ):
        model_card.read_scores(tmp_path / "other.json")


def test_every_servable_has_its_purpose_and_limits():
    wanted = {*servables.DENSE, "seeder"}
    assert wanted == model_card.PURPOSE.keys() == model_card.LIMITS.keys()


@every_model
def test_the_card_goes_with_the_model(exported, model):
    card = (exported / model / "1" / "README.md").read_text()
    assert card.startswith(f"# {model}, version 1\n")
    assert "| objects | cat, dog, cow |" in card or model == "saliency"
    assert "| predictions_dir | g2 |\n| miou | 0.250 |" in card
