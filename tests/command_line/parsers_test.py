"""Flag types."""

import programs
import pytest
from absl import flags
from absl.testing import flagsaver


@pytest.mark.parametrize(
    ("binary", "flag"),
    [
        ("segment_images", "crf"),
        ("make_seeds", "seed_crf"),
        ("make_guides", "guide_crf"),
        ("train_segmenter", "crf_loss"),
    ],
)
def test_a_crf_that_nobody_knows_is_refused_in_one_line(binary, flag):
    with (
        programs.loaded(binary),
        pytest.raises(
            flags.IllegalFlagValueError,
            match=rf"^flag --{flag}=v3: wanted a CRF out of sec, v1, .* or "
            r"custom-.*; found 'v3'$",
        ),
        flagsaver.as_parsed(**{flag: "v3"}),
    ):
        pass
