import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from guided_segmentation.serving import warmup

# Two of them are so long that their lengths take two and three bytes.
INPUTS = {
    "image_labels": np.array([[True, False]]),
    "image_bytes": np.array([b"x" * 300]),
    "image": np.arange(150 * 150, dtype=np.int32).reshape(150, 150),
}


def request(name="model"):
    tensors = {k: tf.make_tensor_proto(v) for k, v in INPUTS.items()}
    inputs = {k: v.SerializeToString() for k, v in tensors.items()}
    return warmup.request(name, "serve_encoded", inputs)


@pytest.mark.parametrize("name", ["model", "m" * 127, "m" * 128, "m" * 20_000])
def test_what_is_written_is_a_log_of_tensorflow_servings(name):
    log = prediction_log_pb2.PredictionLog.FromString(request(name))
    asked = log.predict_log.request
    assert asked.model_spec.name == name
    assert asked.model_spec.signature_name == "serve_encoded"
    assert asked.inputs.keys() == INPUTS.keys()
    for key, tensor in asked.inputs.items():
        np.testing.assert_array_equal(tf.make_ndarray(tensor), INPUTS[key])
