import pathlib
import sys

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.serving import saved_model

OTHER_STACK = "3.12" if sys.version_info < (3, 12) else "3.11"

# Calls SavedModels without guided_segmentation.
CLIENT = """
import collections
import sys
import numpy as np
import tensorflow as tf

folder, inputs, outputs = sys.argv[1:]
requests = collections.defaultdict(dict)
for key, array in np.load(inputs).items():
    path, _, name = key.rpartition("/")
    is_bytes = array.dtype.kind == "S"
    requests[path][name] = tf.constant(array.tolist() if is_bytes else array)
models = {
    name: tf.saved_model.load(f"{folder}/{name}/1").signatures
    for name in {path.partition("/")[0] for path in requests}
}
answers = {}
for path, tensors in requests.items():
    is_encoded = "image_bytes" in tensors
    signature = "serve_encoded" if is_encoded else "serving_default"
    try:
        answer = models[path.partition("/")[0]][signature](**tensors)
    except tf.errors.InvalidArgumentError as error:
        answers[path] = error.message
    else:
        answers |= {f"{path}/{k}": v.numpy() for k, v in answer.items()}
assert "guided_segmentation" not in sys.modules
np.savez(outputs, **answers)
"""


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """Folder of all servables, each in its first version, with scores."""
    import thin_servables  # Not above: it starts TensorFlow.

    folder = tmp_path_factory.mktemp("exported")
    scores = tmp_path_factory.mktemp("scores") / "g2.json"
    artifacts.write_json(scores, thin_servables.SCORES)
    for name, module in thin_servables.MODULES.items():
        settings = thin_servables.settings_of(name)
        saved_model.export(
            module(), settings, folder, name=name, evaluation=scores
        )
    return folder


@pytest.fixture(scope="session", params=["this stack", "the other stack"])
def answers(request, exported, tmp_path_factory):
    """Answers of the SavedModels to REQUESTS, from a process of its own."""
    import thin_servables

    python = pathlib.Path(sys.executable)
    if request.param == "the other stack":
        python = pathlib.Path(sys.prefix).parent / OTHER_STACK / "bin/python"
    if not python.exists():
        pytest.skip(f"no environment for Python {OTHER_STACK} beside this one")
    folder = tmp_path_factory.mktemp("client")
    np.savez(folder / "in.npz", **thin_servables.requested())
    files = [str(folder / "in.npz"), str(folder / "out.npz")]
    thin_servables.run(
        [str(python), "-c", CLIENT, str(exported), *files], cwd=folder
    )
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)
