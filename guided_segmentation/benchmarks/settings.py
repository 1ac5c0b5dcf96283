"""What the suites have in common: sizes and repetitions."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkSettings:
    """Settings of the benchmarks; the network is thin, as for drawn scenes.

    Attributes:
      repeats: Measurements of each part; the median counts.
      requests: Requests of each part that serves, instead of repeats.
      segmenter_dir: Run of the segmenter that is served; None builds one.
      input_size: Side of the squares that the segmenter takes, in pixels.
      framing: How they are cut, key of images.FRAMINGS.
      width_multiplier: Factor on the channels of the segmenter's trunk.
      head_channels: Channels of its fc6 and fc7.
      batch_size: Images a step.
      precision: Of the step, key of trainer.LOSS_SCALE.
    """

    repeats: int = 5
    requests: int = 100
    segmenter_dir: str | None = None
    input_size: int = 129
    framing: str = "crop"
    width_multiplier: float = 0.25
    head_channels: int = 128
    batch_size: int = 15
    precision: str = "float32"


DEFAULTS = BenchmarkSettings()
