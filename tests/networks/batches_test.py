import collections
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches


class Doubler:
    """Doubles its inputs, and remembers the shapes of batches."""

    def __init__(self):
        self.shapes = []

    def __call__(self, inputs):
        (stacked,) = inputs
        self.shapes.append(stacked.shape)
        return (2 * stacked,)


def framed(widths):
    return ((i, (np.full((1, w, 3), i),)) for i, w in enumerate(widths))


def predicted(widths, batch_size, run=None):
    return list(
        batches.in_batches(run or Doubler(), framed(widths), batch_size)
    )


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_outputs_come_in_order_and_belong_to_their_inputs(batch_size):
    widths = np.random.default_rng(0).integers(2, 5, 20)
    found = predicted(widths, batch_size)
    assert [item for item, _ in found] == list(range(20))
    for (item, (output,)), width in zip(found, widths, strict=True):
        np.testing.assert_array_equal(output, np.full((1, width, 3), 2 * item))


def test_photographs_of_one_frame_size_share_batches():
    run = Doubler()
    predicted([4] * 7, 3, run)
    assert run.shapes == [(3, 1, 4, 3), (3, 1, 4, 3), (1, 1, 4, 3)]


def test_of_two_frame_sizes_each_has_its_batches():
    run = Doubler()
    predicted([4, 5] * 4, 2, run)
    assert run.shapes == 2 * [(2, 1, 4, 3), (2, 1, 5, 3)]


def test_a_rare_frame_size_does_not_wait_for_others():
    run = Doubler()
    found = batches.in_batches(run, framed([9] + [4] * 100), 2)
    assert next(found)[0] == 0
    found.close()
    assert len(run.shapes) <= 4
    assert (1, 1, 9, 3) in run.shapes


def test_large_frames_make_smaller_batches(monkeypatch):
    monkeypatch.setattr(batches, "_BATCH_PIXELS", 10)
    run = Doubler()
    predicted([4] * 4 + [6] * 2 + [99], 8, run)
    assert [shape[0] for shape in run.shapes] == [2, 2, 1, 1, 1]


def test_the_next_batches_run_while_the_first_is_handled():
    begun = [threading.Event() for _ in range(4)]

    def run(inputs):
        begun[int(inputs[0][0, 0, 0, 0]) // 2].set()
        return inputs

    found = batches.in_batches(run, framed([4] * 8), 2)
    next(found)
    assert begun[2].wait(30)
    assert not begun[3].is_set()
    found.close()


def test_errors_name_the_images():
    def run(inputs):
        raise InputError("too dark")

    with pytest.raises(ValueError, match=r"^image '0': too dark$"):
        predicted([4], 1, run)
    with pytest.raises(
        ValueError, match=r"^one of the images '0', '1': too dark$"
    ):
        predicted([4, 4], 2, run)


def test_three_batches_are_in_memory_however_many_there_are():
    alive, most = weakref.WeakSet(), 0

    class Photograph(np.ndarray):
        """An array to which weak references can be made."""

        __hash__ = object.__hash__

    def inputs():
        for index in range(500):
            image = np.zeros((1, 4, 3), np.uint8).view(Photograph)
            alive.add(image)
            yield index, (image,)

    for _ in batches.in_batches(lambda arrays: arrays, inputs(), 4):
        most = max(most, len(alive))
    assert most <= 3 * 4 + 1


def test_memory_does_not_grow_with_the_number_of_photographs():
    """Inputs and outputs of 1000 photographs would take 20 MB."""
    tracemalloc.start()
    found = batches.in_batches(lambda x: x, framed([400] * 1000), 8)
    collections.deque(found, maxlen=0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 8 * np.full((1, 400, 3), 0).nbytes


def test_a_function_of_one_photograph_is_a_predictor():
    def brightness(images):
        assert images.shape == (1, 2, 3, 3)
        return images.mean((1, 2, 3))

    predictor = batches.of(brightness)
    assert predictor.max_batch_size == 1
    assert batches.of(predictor) is predictor
    image = np.full((2, 3, 3), 7, np.uint8)
    assert predictor(image) == 7
    assert predictor.then(lambda found: found + 1)(image) == 8


def test_a_default_fits_the_machine(monkeypatch):
    import tensorflow as tf

    for gpus, wanted in (([], 4), (["one"], 16)):
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind, gpus=gpus: gpus
        )
        assert batches.default_size() == wanted
