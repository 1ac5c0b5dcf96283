"""What tests of the client of served models share."""

import numpy as np
import pytest

from guided_segmentation.serving import client

both_apis = pytest.mark.parametrize("api", client.APIS)


def served(ports, api, model="thin", **rules):
    """Returns the address of a model of the loopback server."""
    server = f"127.0.0.1:{ports[api]}"
    rules = {"retries": 0, **rules}
    return client.ServedModel(server=server, api=api, model=model, **rules)


def photograph(*size):
    """Returns [1, *size, 3] uint8 noise."""
    random = np.random.default_rng(1)
    return random.integers(0, 256, (1, *size, 3), np.uint8)
