"""Whether the input pipeline feeds the training step."""

from guided_segmentation.benchmarks import clock, training
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures the pipeline of a training and what its steps eat.

    The pipeline reads photographs, recalls G2 guides made before, augments
    and batches; the step trains on one batch over and over.

    Returns:
      As `run` says.
    """
    what = training.segmenter_recipe(source, settings)
    batches = iter(training.batches(what, source, settings))
    batch = next(batches)
    num_batches = -(-len(source.image_ids) // settings.batch_size)

    def pull():
        for _ in range(num_batches):
            next(batches)

    rates = clock.measure(
        {"pipeline": pull},
        num_batches * settings.batch_size,
        settings.repeats,
    )
    seconds = training.step_seconds(what, batch, settings)
    return clock.compared(
        {**rates, "step": [settings.batch_size / each for each in seconds]}
    )
