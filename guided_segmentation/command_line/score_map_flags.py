"""The grid of predictions. Only binaries that predict import it."""

from absl import flags

DENSE_SCORES = flags.DEFINE_bool(
    "dense_scores",
    True,
    "Predict every 8 pixels, whatever the network was trained on; the finer "
    "grid shows small objects better. --nodense_scores: on the grid of the "
    "training, such as Table 6's 21x21 cells of gap_lowres. Only networks "
    "trained at stride 16 differ; a classifier's logits are always those of "
    "the training.",
)
