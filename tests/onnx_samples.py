"""Small ONNX models that take and give what saliency networks do."""

import pathlib

import numpy as np
from onnx import TensorProto, helper


def write(
    path,
    *,
    size=(8, 8),
    channels=3,
    is_logits=False,
    gain=4.0,
    dtype=TensorProto.FLOAT,
    maps=1,
    extra_input=False,
    batch=1,
    is_reshaped=False,
):
    """Writes a model whose saliency is how red a pixel is.

    Args:
      path: The file.
      size: Rows and columns of the input; None for any.
      channels: Of the input.
      is_logits: Whether the output is `gain` times the first channel, instead
        of the sigmoid of that.
      gain: Factor on the first channel.
      dtype: Of input and output.
      maps: Channels of the output, equal ones.
      extra_input: Whether there is a second input.
      batch: Images that the input declares; a name for any number.
      is_reshaped: Whether the output is that of one image, whatever the input
        declares.

    Returns:
      The path.
    """
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    sides = [x if x is not None else f"side{i}" for i, x in enumerate(size)]
    kernel = np.zeros((maps, channels, 1, 1), kind)
    kernel[:, 0] = gain
    nodes = [helper.make_node("Conv", ["image", "kernel"], ["logits"])]
    if not is_logits:
        nodes.append(helper.make_node("Sigmoid", ["logits"], ["map"]))
    if is_reshaped:
        nodes[-1].output[0] = "before"
        nodes.append(helper.make_node("Reshape", ["before", "shape"], ["map"]))
    inputs = [
        helper.make_tensor_value_info("image", dtype, [batch, channels, *sides])
    ]
    if extra_input:
        inputs.append(helper.make_tensor_value_info("points", dtype, [1, 2]))
    graph = helper.make_graph(
        nodes,
        "saliency",
        inputs,
        [
            helper.make_tensor_value_info(
                "logits" if is_logits else "map", dtype, [batch, maps, *sides]
            )
        ],
        [
            *_shape([1, maps, *size] if is_reshaped else None),
            helper.make_tensor(
                "kernel", dtype, kernel.shape, kernel.tobytes(), raw=True
            ),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    pathlib.Path(path).write_bytes(model.SerializeToString())
    return pathlib.Path(path)


def _shape(shape):
    """The tensor "shape", if there is one."""
    if shape is not None:
        yield helper.make_tensor("shape", TensorProto.INT64, [4], shape)
