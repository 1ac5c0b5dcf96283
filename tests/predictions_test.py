import numpy as np
import pytest

from guided_segmentation import predictions
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches


def source(image, count=10):
    ids = tuple(f"{index}" for index in range(count))
    return schema.Source(name="fake", image_ids=ids, image=image)


def value(image_id):
    return np.full((2, 3, 3), int(image_id), np.uint8)


class Brightness:
    """Predicts the mean of photographs; remembers sizes of batches."""

    def __init__(self, most=None):
        self.sizes = []
        self.predictor = batches.Predictor(
            frame=lambda image: batches.Frames((image,), int(image.max())),
            run=self.run,
            finish=lambda outputs, most: (float(outputs[0]), most),
            max_batch_size=most,
        )

    def run(self, inputs):
        self.sizes.append(len(inputs[0]))
        return (inputs[0].mean((1, 2, 3)),)

    def predicted(self, some, *arguments):
        def prepare(image_id, image):
            return f"kept {image_id}", self.predictor.frame(image)

        return predictions.predicted(
            self.predictor, some, some.image_ids, prepare, *arguments
        )


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_predictions_come_in_order_with_what_was_kept(batch_size):
    network = Brightness()
    found = list(network.predicted(source(value), batch_size))
    assert [each.image_id for each in found] == [f"{i}" for i in range(10)]
    assert [each.kept for each in found] == [f"kept {i}" for i in range(10)]
    assert [each.finish() for each in found] == [(i, i) for i in range(10)]
    size = batch_size or batches.default_size()
    assert network.sizes == [size] * (10 // size) + [2] * (size == 4)


def test_a_predictor_limits_the_batch():
    network = Brightness(most=2)
    list(network.predicted(source(value), 8))
    assert network.sizes == [2] * 5


def test_unreadable_photographs_are_told_or_raised():
    def image(image_id):
        if image_id == "3":
            raise InputError("no 3")
        return value(image_id)

    unreadable = {}
    found = list(Brightness().predicted(source(image), 4, unreadable))
    assert len(found) == 9
    assert unreadable == {"3": "no 3"}
    with pytest.raises(ValueError, match=r"^no 3$"):
        list(Brightness().predicted(source(image), 4))
