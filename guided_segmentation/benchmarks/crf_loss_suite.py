"""What crf-loss adds to a training step."""

import dataclasses

from guided_segmentation import crf
from guided_segmentation.benchmarks import clock, training
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.training import recipe


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures a training step without and with crf-loss, on the same images.

    Returns:
      As `run` says.
    """
    plain = training.segmenter_recipe(source, settings)
    crf_loss = recipe.CrfLossSettings(settings=crf.SEC)
    both = dataclasses.replace(plain, crf_loss=crf_loss)
    batch = next(iter(training.batches(both, source, settings)))
    return clock.compared(
        {
            name: [
                settings.batch_size / each
                for each in training.step_seconds(what, batch, settings)
            ]
            for name, what in (("without_crf", plain), ("with_crf", both))
        }
    )
