"""Flags of a served model. Only binaries import this module."""

import re

from absl import flags

from guided_segmentation.serving import saved_model
from guided_segmentation.serving.client import address, connection

SERVER = flags.DEFINE_string(
    "server",
    None,
    "host:port of a TensorFlow Serving that serves the segmenter: 8501 is its "
    "port for rest, 8500 for grpc.",
)
SERVER_API = flags.DEFINE_enum(
    "server_api",
    "grpc",
    sorted(connection.APIS),
    "How the server is asked; rest answers in JSON, many times as long.",
)
SERVER_MODEL = flags.DEFINE_string(
    "server_model", saved_model.NAME, "What the server calls the model."
)
SERVER_VERSION = flags.DEFINE_integer(
    "server_version",
    None,
    "Version of the model; the server chooses if not given.",
    lower_bound=1,
)
SERVER_TIMEOUT = flags.DEFINE_float(
    "server_timeout",
    address.ServedModel.timeout_s,
    "Seconds that an answer may take; over rest, that nothing of it comes.",
    lower_bound=0.001,
)
SERVER_RETRIES = flags.DEFINE_integer(
    "server_retries",
    address.ServedModel.retries,
    "How often a request is sent again if the server is away, busy or late.",
    lower_bound=0,
)
SERVER_MAX_BYTES = flags.DEFINE_integer(
    "server_max_bytes",
    address.ServedModel.max_bytes,
    "Longest request that is sent, in bytes.",
    lower_bound=1,
)


def served() -> address.ServedModel:
    """Returns the model that the flags name."""
    return address.ServedModel(
        server=SERVER.value,
        api=SERVER_API.value,
        model=SERVER_MODEL.value,
        version=SERVER_VERSION.value,
        timeout_s=SERVER_TIMEOUT.value,
        retries=SERVER_RETRIES.value,
        max_bytes=SERVER_MAX_BYTES.value,
    )


@flags.validator(SERVER.name, "wanted host:port, such as localhost:8500")
def _is_address(value: str | None) -> bool:
    return value is None or bool(
        re.fullmatch(r"([\w.-]+|\[[\da-fA-F:]+\]):\d+", value)
    )
