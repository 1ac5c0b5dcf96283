"""TensorBoard events of a training run."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts


class SummaryWriter:
    """Writes loss, learning rate and pictures to <work_dir>/events."""

    def __init__(
        self,
        work_dir: artifacts.Path,
        learning_rate: Callable[[int], tf.Tensor],
    ):
        """Opens a new events file.

        Args:
          work_dir: The run's folder.
          learning_rate: The schedule, a function from step to learning rate.
        """
        self._events = tf.summary.create_file_writer(
            os.fspath(pathlib.Path(work_dir, "events"))
        )
        self._learning_rate = learning_rate

    def write(
        self, step: int, loss: float, pictures: np.ndarray | None = None
    ) -> None:
        """Writes the summaries of one step.

        Args:
          step: Steps done so far, at least 1.
          loss: Loss of the last step.
          pictures: [n, height, width, 3] uint8 RGB; None for no pictures.
        """
        with self._events.as_default(step):
            tf.summary.scalar("loss", loss)
            tf.summary.scalar("learning_rate", self._learning_rate(step - 1))
            if pictures is not None:
                tf.summary.image("guide and prediction", pictures)
        self._events.flush()

    def write_score(self, step: int, name: str, value: float | None) -> None:
        """Writes the score of held-out images after a step.

        Args:
          step: Steps done so far.
          name: Of the scalar, such as "val/miou".
          value: The score; None, which is not defined, writes nothing.
        """
        if value is None:
            return
        with self._events.as_default(step):
            tf.summary.scalar(name, value)
        self._events.flush()
