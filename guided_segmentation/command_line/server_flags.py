"""Flags of a served model. Only binaries import this module."""

import re
from collections.abc import Callable

from absl import flags

from guided_segmentation import labels
from guided_segmentation.command_line import network_flags, prediction_flags
from guided_segmentation.errors import InputError
from guided_segmentation.serving import saved_model
from guided_segmentation.serving.client import address, connection

SERVER = flags.DEFINE_string(
    "server",
    None,
    "host:port of a TensorFlow Serving that serves the segmenter. Its port is "
    "8500 for grpc and 8501 for rest.",
)
SERVER_API = flags.DEFINE_enum(
    "server_api",
    "grpc",
    sorted(connection.APIS),
    "Protocol of the server; rest answers in JSON, which is many times larger.",
)
SERVER_MODEL = flags.DEFINE_string(
    "server_model", saved_model.NAME, "Name of the model on the server."
)
SERVER_VERSION = flags.DEFINE_integer(
    "server_version",
    None,
    "Version of the model. Not given: the server's choice.",
    lower_bound=1,
)
SERVER_TIMEOUT = flags.DEFINE_float(
    "server_timeout",
    address.ServedModel.timeout_s,
    "Timeout of an answer in seconds; over rest, of the wait for more data.",
    lower_bound=0.001,
)
SERVER_RETRIES = flags.DEFINE_integer(
    "server_retries",
    address.ServedModel.retries,
    "How often a request is sent again if the server is unreachable, busy or "
    "too slow.",
    lower_bound=0,
)
SERVER_MAX_BYTES = flags.DEFINE_integer(
    "server_max_bytes",
    address.ServedModel.max_bytes,
    "Largest request that is sent, in bytes.",
    lower_bound=1,
)


def served() -> address.ServedModel:
    """Returns the model that the flags name."""
    return address.ServedModel(
        server=SERVER.value or "",
        api=SERVER_API.value,
        model=SERVER_MODEL.value,
        version=SERVER_VERSION.value,
        timeout_s=SERVER_TIMEOUT.value,
        retries=SERVER_RETRIES.value,
        max_bytes=SERVER_MAX_BYTES.value,
    )


def connected(label_set: labels.LabelSet) -> Callable:
    """Returns the function that asks the model of --server.

    Args:
      label_set: The classes of the model.

    Raises:
      ValueError: If there are flags that only bin/export_model takes.
    """
    for flag in (
        prediction_flags.SCALES,
        prediction_flags.FLIP,
        network_flags.PRECISION,
    ):
        if flag.value != flag.default:
            raise InputError(
                f"--{flag.name}: wanted none beside --server, found "
                f"{flag.value}; a served model predicts as it was exported, "
                f"so give it to bin/export_model"
            )
    return connection.connect(served(), label_set.num_classes)


@flags.validator(SERVER.name, "wanted host:port, such as localhost:8500")
def _is_address(value: str | None) -> bool:
    return value is None or bool(
        re.fullmatch(r"([\w.-]+|\[[\da-fA-F:]+\]):\d+", value)
    )
