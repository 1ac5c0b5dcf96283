"""Suite "input": the input pipeline of a training beside its steps."""

from guided_segmentation.benchmarks import clock, training
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures the throughput of the input pipeline and of training steps.

    The pipeline reads images, looks up cached G2 guides, augments and batches;
    the steps train on one batch repeatedly.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize.
    """
    what = training.segmenter_recipe(source, settings)
    batches = iter(training.batches(what, source, settings))
    batch = next(batches)
    num_batches = -(-len(source.image_ids) // settings.batch_size)

    def read_all():
        for _ in range(num_batches):
            next(batches)

    rates = clock.measure(
        {"pipeline": read_all},
        num_batches * settings.batch_size,
        settings.repeats,
    )
    seconds = training.step_seconds(what, batch, settings)
    return clock.summarize(
        {**rates, "step": [settings.batch_size / each for each in seconds]}
    )
