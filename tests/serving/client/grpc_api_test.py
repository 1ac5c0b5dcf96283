from unittest import mock

import grpc
import pytest
from served_models import photograph, served

from guided_segmentation import artifacts
from guided_segmentation.serving.client import grpc_api


def test_all_requests_take_one_channel(ports):
    with mock.patch.object(
        grpc, "insecure_channel", wraps=grpc.insecure_channel
    ) as channel:
        asked = grpc_api.Client(served(ports, "grpc"))
        content = artifacts.encode_image(photograph(9, 8)[0])
        for _ in range(3):
            assert asked.probabilities(content).shape == (1, 9, 8, 4)
        assert asked.states() == ["AVAILABLE"]
    assert channel.call_count == 1


def test_a_refusal_starts_with_its_status_code(ports):
    asked = grpc_api.Client(served(ports, "grpc"))
    with pytest.raises(ValueError, match=r"found 'INVALID_ARGUMENT: .*image"):
        asked.probabilities(b"no image")
