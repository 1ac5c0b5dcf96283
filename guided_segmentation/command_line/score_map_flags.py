"""The grid of score maps. Only binaries that predict score maps import it."""

from absl import flags

DENSE_SCORES = flags.DEFINE_bool(
    "dense_scores",
    True,
    "Score maps every 8 pixels, whatever the network was trained on; the finer "
    "grid shows small objects better. --nodense_scores: on the grid of the "
    "training, such as Table 6's 21x21 cells of gap_lowres. Only networks "
    "trained at stride 16 differ; logits are always those of the training "
    "(cam).",
)
