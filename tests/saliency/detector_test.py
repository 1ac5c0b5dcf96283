import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.saliency import detector


def source(count=3):
    images = {
        f"2007_{i}": np.full((1, 4, 3), 10 * i, np.uint8) for i in range(count)
    }
    return schema.Source(
        name="photographs", image_ids=tuple(images), image=images.get
    )


class Predict:
    """Finds the right side salient, never quite sure."""

    def __init__(self):
        self.seen = []

    def __call__(self, image):
        self.seen.append(int(image[0, 0, 0, 0]))
        assert image.shape == (1, 1, 4, 3)
        salient = np.array([0.0, 0.2, 0.3, 0.6], np.float32)
        return np.stack([1 - salient, salient], -1)[None, None]


def test_a_saliency_map_is_relative_to_the_images_maximum():
    salient = np.array([[0.1, 0.2], [0.4, 0.0]], np.float32)
    result = detector.saliency_map(np.stack([1 - salient, salient], -1))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[0.25, 0.5], [1, 0]])


def test_where_nothing_at_all_is_salient_the_map_is_zero():
    probabilities = np.zeros((2, 3, 2), np.float32)
    assert not detector.saliency_map(probabilities).any()


def test_the_threshold_is_half_of_the_maximum_inclusive():
    assert detector.THRESHOLD == 0.5
    saliency_map = np.array([[0.499, 0.5, 1]], np.float32)
    mask = detector.saliency_mask(saliency_map)
    assert mask.dtype == bool
    assert mask.tolist() == [[False, True, True]]
    assert detector.saliency_mask(saliency_map, 1.0).sum() == 1


@pytest.mark.parametrize(("level", "salient"), [(127, False), (128, True)])
def test_in_the_file_the_mask_begins_at_127_and_a_half(
    level, salient, tmp_path
):
    path = tmp_path / "s.png"
    artifacts.write_saliency_map(path, np.full((2, 2), level / 255))
    mask = detector.saliency_mask(artifacts.read_saliency_map(path))
    assert (mask == salient).all()


def test_saliency_maps_are_written_relative_to_their_maximum(tmp_path):
    detector.make_saliency(Predict(), source(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    made = artifacts.read_saliency_map(tmp_path / "2007_2.png")
    np.testing.assert_allclose(made, [[0, 1 / 3, 0.5, 1]], atol=1 / 255)
    mask = detector.saliency_mask(made)
    assert mask.tolist() == [[False, False, True, True]]


def test_only_missing_saliency_maps_are_made(tmp_path):
    detector.make_saliency(Predict(), source(), tmp_path)
    (tmp_path / "2007_1.png").unlink()
    predict = Predict()
    detector.make_saliency(predict, source(), tmp_path)
    detector.make_saliency(predict, source(), tmp_path)
    assert predict.seen == [10]
