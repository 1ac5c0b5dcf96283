"""Settings of all benchmark suites: network, images and repetitions."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkSettings:
    """Settings of the benchmarks; networks are thin, as for synthetic scenes.

    Attributes:
      repeats: Number of measurements of each part; results are medians.
      requests: The same for the suites "serving" and "formats".
      segmenter_dir: Run of bin/train_segmenter whose network "serving" and
        "formats" use; None builds an untrained one.
      input_size: Network input size in pixels.
      framing: Key of images.FRAMINGS.
      width_multiplier: Factor on the number of channels of the trunk.
      head_channels: Number of channels of fc6 and fc7.
      batch_size: Images per training step, and number of images of "seeds".
      precision: Precision of training steps and of the served network, key of
        precision.PRECISIONS.
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
