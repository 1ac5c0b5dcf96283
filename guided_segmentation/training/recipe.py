"""What is trained from what: network, start weights, squares and loss.

The recipe of the paper is the same for seeder, saliency net and segmenter:
a VGG16 trunk with pretrained weights, fine-tuned by SGD on squares cut from
photographs. What differs is the head, the target and the loss.

Source: Oh et al., CVPR 2017, section 6.1 and appendices B.2 and F.
"""

import dataclasses

from guided_segmentation import crf, images
from guided_segmentation.networks import (
    deeplab_v1,
    vgg16,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrfLossSettings:
    """crf-loss beside the cross-entropy; see training.losses.crf_loss.

    Attributes:
      settings: Of the CRF, its reaches in pixels of photographs.
      weight: Factor on the loss.
    """

    settings: crf.CrfSettings
    weight: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is fine-tuned from which weights, on squares of which size.

    Attributes:
      network: Name and arguments of a builder, as networks.builders.build
        takes them.
      trunk_weights: "none", "imagenet" or a path; see networks.weights.
      freeze_through: Last layer that does not learn; None trains all. With
        the framing "whole" the features of frozen layers are cached.
      input_size: Side of the squares in pixels, 8 n + 1, or 16 n + 1 where
        the network's stride is 16.
      framing: Key of images.FRAMINGS.
      scales: Factors on the size at which photographs are seen; one is drawn
        for each example. A seeder wants 1 alone: its labels are those of the
        whole photograph.
      data_dependent_init: Whether layers without pretrained weights, except
        the last, are scaled to the first batch; see
        networks.start_weights.data_dependent_init.
      sampling: Key of inputs.SAMPLINGS: which images come when.
      crf_loss: For a dense network; None leaves it out.

    Raises:
      ValueError: If `input_size` is not a multiple of the stride, plus 1, or
        too small for the classifier, or a scale is not positive, or not 1 for
        a seeder, or a seeder is given a crf_loss.
    """

    network: dict
    trunk_weights: str = "imagenet"
    freeze_through: str | None = None
    input_size: int = 321
    framing: str = "tight"
    scales: tuple[float, ...] = (1.0,)
    data_dependent_init: bool = False
    sampling: str = "shuffled"
    crf_loss: CrfLossSettings | None = None

    def __post_init__(self):
        stride = self.stride
        if self.input_size % stride != 1:
            raise ValueError(
                f"input_size must be {stride} n + 1, such as 321, for its "
                f"borders to lie in cells of the label map; got "
                f"{self.input_size}"
            )
        if (
            self.network["name"] == "vgg16"
            and self.input_size < vgg16.MIN_INPUT_SIZE
        ):
            raise ValueError(
                f"wanted an input_size of at least {vgg16.MIN_INPUT_SIZE} for "
                f"vgg16, whose fc6 looks at 7x7 cells of 32 pixels; got "
                f"{self.input_size}"
            )
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(
                f"wanted positive train_scales, found {list(self.scales)}"
            )
        if not self.is_dense and set(self.scales) != {1.0}:
            raise ValueError(
                f"a seeder learns from whole photographs: wanted train_scales "
                f"of 1 for {self.network['name']}, found {list(self.scales)}"
            )
        if not self.is_dense and self.crf_loss is not None:
            raise ValueError(
                f"crf_loss wants a network with a class at every pixel, such "
                f"as deeplab_v1; found {self.network['name']}"
            )

    @property
    def stride(self) -> int:
        """Pixels between two cells of the network's output in training."""
        return self.network.get("stride", deeplab_v1.STRIDE)

    @property
    def is_dense(self) -> bool:
        """Whether the network has an output at every cell of the image."""
        return self.network["name"].startswith("deeplab")

    @property
    def sizes(self) -> list[int]:
        """Sides of whole photographs at each scale: whole cells, plus 1."""
        return [
            images.scaled_size(self.input_size, scale, self.stride)
            for scale in self.scales
        ]
