import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from guided_segmentation.serving import warmup

# The lengths of two of them take two and three bytes.
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
def test_requests_are_prediction_logs(name):
    log = prediction_log_pb2.PredictionLog.FromString(request(name))
    asked = log.predict_log.request
    assert asked.model_spec.name == name
    assert asked.model_spec.signature_name == "serve_encoded"
    assert asked.inputs.keys() == INPUTS.keys()
    for key, tensor in asked.inputs.items():
        np.testing.assert_array_equal(tf.make_ndarray(tensor), INPUTS[key])


@pytest.mark.parametrize("model", ["saliency", "cam"])
def test_a_model_answers_its_warm_up_requests(exported, model):
    folder = exported / model / "1"
    signatures = tf.saved_model.load(str(folder)).signatures
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    asked = []
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        signature = request.model_spec.signature_name
        assert request.model_spec.name == model
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        inputs = {k: tf.constant(v) for k, v in inputs.items()}
        answer = signatures[signature](**inputs)
        sizes = {tuple(v.shape[1:3]) for v in answer.values() if v.ndim > 2}
        assert sizes == {(33, 33)}
        asked.append(signature)
    assert asked == ["serving_default", "serve_encoded"]
