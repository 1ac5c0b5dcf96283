import numpy as np
import tensorflow as tf

from guided_segmentation.training import summaries


def events(work_dir):
    """Value of every tag and step."""
    found = {}
    for path in (work_dir / "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                key = value.tag, event.step
                found[key] = tf.make_ndarray(value.tensor)
    return found


def test_loss_and_learning_rate_of_the_last_step_are_written(tmp_path):
    writer = summaries.SummaryWriter(tmp_path, lambda step: tf.constant(step))
    writer.write(3, 0.5)
    assert events(tmp_path) == {("loss", 3): 0.5, ("learning_rate", 3): 2}


def test_pictures_are_written_as_png(tmp_path):
    pictures = np.zeros((2, 4, 6, 3), np.uint8)
    pictures[0, 1, 2] = 10, 20, 30
    writer = summaries.SummaryWriter(tmp_path, lambda step: tf.constant(0.0))
    writer.write(1, 0.5, pictures)
    width, height, *pngs = events(tmp_path)["guide and prediction", 1]
    assert (int(width), int(height), len(pngs)) == (6, 4, 2)
    np.testing.assert_array_equal(tf.image.decode_png(pngs[0]), pictures[0])
