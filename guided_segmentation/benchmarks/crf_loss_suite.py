"""Suite "crf_loss": the cost of crf-loss in a training step."""

import dataclasses

from guided_segmentation import crf
from guided_segmentation.benchmarks import clock, training
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.training import recipe


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures training steps without and with crf-loss on the same batch.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize.
    """
    plain = training.segmenter_recipe(source, settings)
    crf_loss = recipe.CrfLossSettings(settings=crf.SEC)
    with_crf = dataclasses.replace(plain, crf_loss=crf_loss)
    batch = next(iter(training.batches(with_crf, source, settings)))
    return clock.summarize(
        {
            name: [
                settings.batch_size / seconds
                for seconds in training.step_seconds(what, batch, settings)
            ]
            for name, what in (("without_crf", plain), ("with_crf", with_crf))
        }
    )
