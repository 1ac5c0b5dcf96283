import threading

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import read_ahead, schema
from guided_segmentation.errors import InputError


def source(image, photograph=None, count=8):
    return schema.Source(
        name="some",
        image_ids=tuple(f"{index}" for index in range(count)),
        image=image,
        photograph=photograph,
    )


def value(image_id):
    return np.full((2, 3, 3), int(image_id), np.uint8)


def read(some, unreadable=None):
    return read_ahead.photographs(
        some,
        some.image_ids,
        {} if unreadable is None else unreadable,
        lambda image_id, image: int(image[0, 0, 0]),
    )


def test_photographs_come_in_order_and_prepared():
    assert list(read(source(value))) == [(f"{i}", i) for i in range(8)]


@pytest.mark.parametrize("error", [InputError, FileNotFoundError])
def test_unreadable_photographs_are_left_out_and_told(error):
    def image(image_id):
        if image_id in "037":
            raise error(f"no {image_id}")
        return value(image_id)

    unreadable = {}
    found = [image_id for image_id, _ in read(source(image), unreadable)]
    assert found == ["1", "2", "4", "5", "6"]
    assert unreadable == {"0": "no 0", "3": "no 3", "7": "no 7"}


def test_a_mistake_is_raised():
    def image(image_id):
        raise KeyError(image_id)

    with pytest.raises(KeyError):
        next(read(source(image)))


def test_a_few_are_read_ahead():
    begun = [threading.Event() for _ in range(8)]

    def image(image_id):
        begun[int(image_id)].set()
        return value(image_id)

    photographs = read(source(image))
    next(photographs)
    assert all(event.wait(30) for event in begun[:4])
    assert not any(event.is_set() for event in begun[5:])
    photographs.close()


def test_a_large_photograph_is_read_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(read_ahead, "_MAX_PIXELS", 10)
    at_work, most = set(), []
    for index in range(8):
        artifacts.write_image(tmp_path / f"{index}.png", value(f"{index}"))

    def image(image_id):
        at_work.add(image_id)
        most.append(len(at_work))
        found = artifacts.read_image(tmp_path / f"{image_id}.png")
        at_work.remove(image_id)
        return found

    some = source(image, lambda image_id: tmp_path / f"{image_id}.png")
    assert [found for _, found in read(some)] == list(range(8))
    assert max(most) == 1


def test_a_photograph_without_a_header_is_told_when_it_is_read(tmp_path):
    path = tmp_path / "0.png"
    path.write_text("no picture")
    some = source(lambda _: artifacts.read_image(path), lambda _: path, count=1)
    unreadable = {}
    assert list(read(some, unreadable)) == []
    assert "wanted an image" in unreadable["0"]


def test_without_a_place_to_tell_an_unreadable_photograph_is_an_error():
    def image(image_id):
        raise InputError(f"no {image_id}")

    some = source(image)
    read = read_ahead.photographs(some, some.image_ids, None, lambda *_: 0)
    with pytest.raises(ValueError, match=r"^no 0$"):
        next(read)
