"""What is trained: network, pretrained weights, input and loss.

Seeder, saliency net and segmenter share one recipe: a trunk with pretrained
weights is fine-tuned by SGD on square crops of photographs. They differ in
head, target and loss.

Source: Oh et al., CVPR 2017, section 6.1 and appendices B.2 and F.
"""

import dataclasses

from guided_segmentation import crf, images
from guided_segmentation.errors import InputError
from guided_segmentation.networks import deeplab_v1, vgg16


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrfLossSettings:
    """Settings of crf-loss, which is added to the cross-entropy.

    Attributes:
      settings: Settings of the CRF, its spatial standard deviations in pixels
        of photographs.
      weight: Factor on training.losses.crf_loss.
    """

    settings: crf.CrfSettings
    weight: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network to fine-tune, its initial weights, its input and its loss.

    Attributes:
      network: Name and arguments of a builder, as networks.builders.build
        takes them.
      trunk_weights: "none", "imagenet" or a path, as
        networks.start_weights.pretrained takes it.
      freeze_through: Name of the last frozen layer; None trains all layers.
        With the framing "whole" the features of frozen layers are cached.
      input_size: Side of the square crops in pixels, 8 n + 1, or 16 n + 1 if
        the network's stride is 16; any side of at least 193 for vgg16, which
        has no output cells that must reach the borders.
      framing: Key of images.FRAMINGS.
      scales: Factors on the size of photographs; one is drawn for each
        example. A seeder takes 1 alone: its image-level labels hold for the
        whole photograph, not for a part.
      data_dependent_init: Whether layers without pretrained weights, except
        the last, are initialised from the first batch; see
        networks.start_weights.data_dependent_init.
      sampling: Key of training.inputs.SAMPLINGS, the order of images.
      crf_loss: For a dense network; None trains without crf-loss.
      is_distilled: Whether targets are a teacher's saliency, as
        losses.distillation_loss takes it, instead of labels.

    Raises:
      ValueError: If `input_size` is not a multiple of the stride, plus 1, or
        too small for VGG16's classifier; if a scale is not positive, or not 1
        for a seeder; if a seeder has a `crf_loss`; if low-rank layers, which
        are fitted before the training, are frozen.
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
    is_distilled: bool = False

    def __post_init__(self):
        self._check_input_size()
        self._check_scales()
        self._check_rank()
        if not self.is_dense and self.crf_loss is not None:
            raise InputError(
                f"crf_loss wants a network with a class at every pixel, such "
                f"as deeplab_v1; found {self.network['name']}"
            )

    @property
    def stride(self) -> int:
        """Pixels between cells of the network's output in training."""
        return self.network.get("stride", deeplab_v1.STRIDE)

    @property
    def is_dense(self) -> bool:
        """Whether the network predicts a class at every cell."""
        return self.network["name"].startswith("deeplab")

    @property
    def sizes(self) -> list[int]:
        """Longer side of a whole photograph at each scale, in pixels."""
        return [
            images.scaled_size(self.input_size, scale, self.stride)
            for scale in self.scales
        ]

    def _check_input_size(self):
        name, smallest = self.network["name"], vgg16.MIN_INPUT_SIZE
        if name == "vgg16" and self.input_size < smallest:
            raise InputError(
                f"wanted an input_size of at least {smallest} for vgg16, whose "
                f"fc6 has a window of 7x7 cells of 32 pixels; got "
                f"{self.input_size}"
            )
        if name != "vgg16" and self.input_size % self.stride != 1:
            raise InputError(
                f"input_size must be {self.stride} n + 1, such as 321, so "
                f"that cells {self.stride} pixels apart reach both borders; "
                f"got {self.input_size}"
            )

    def _check_rank(self):
        frozen = self.freeze_through or ""
        if self.network.get("rank") and frozen[:5] in ("conv4", "conv5"):
            raise InputError(
                f"--rank makes conv4 and conv5 small layers that must learn, "
                f"but --freeze_through={frozen} freezes some; freeze through "
                f"conv3_3 at most"
            )

    def _check_scales(self):
        if not self.scales or min(self.scales) <= 0:
            raise InputError(
                f"wanted positive train_scales, found {list(self.scales)}"
            )
        if not self.is_dense and set(self.scales) != {1.0}:
            raise InputError(
                f"a seeder learns from whole photographs: wanted train_scales "
                f"of 1 for {self.network['name']}, found {list(self.scales)}"
            )
