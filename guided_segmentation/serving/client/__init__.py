"""Client of a segmenter that TensorFlow Serving serves, over REST or gRPC.

Example::

    from guided_segmentation.serving import client

    model = client.ServedModel(
        server="localhost:8500", api="grpc", model="guided_segmentation"
    )
    predict = client.connect(model, num_classes=21)
    probabilities = predict(image[None])

Neither TensorFlow Serving nor the packages that speak its APIs (the extra
"serving") are needed to import this package; `connect` imports the latter.
"""

from guided_segmentation.serving.client.address import ServedModel
from guided_segmentation.serving.client.connection import APIS, connect

__all__ = ["APIS", "ServedModel", "connect"]
