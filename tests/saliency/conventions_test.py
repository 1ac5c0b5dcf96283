import pytest

from guided_segmentation.saliency import conventions


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("u2net.onnx", "u2net"),
        ("models/u2netp.onnx", "u2net"),
        ("U-2-Net_human.onnx", "u2net"),
        ("silueta.onnx", "u2net"),
        ("isnet-general-use.onnx", "isnet"),
        ("BiRefNet-general-epoch_244.onnx", "birefnet"),
        ("rmbg-1.4.onnx", "rmbg"),
        ("bria-rmbg-2.0.onnx", "birefnet"),
        ("u2net/model.onnx", None),
    ],
)
def test_the_name_of_a_file_proposes_a_convention(name, wanted):
    assert conventions.proposed(name) == wanted


def test_a_convention_is_never_taken_from_the_name():
    with pytest.raises(
        ValueError,
        match=r"^a/isnet\.onnx: wanted --saliency_convention, one of birefnet, "
        r"isnet, rmbg, u2net, or --saliency_mean, --saliency_stddev and "
        r"--\[no\]saliency_logits together; its name suggests "
        r"--saliency_convention=isnet$",
    ):
        conventions.stated("a/isnet.onnx")


def test_a_file_of_another_name_gets_no_proposal():
    with pytest.raises(
        ValueError, match=r"together; its documentation says which it follows$"
    ):
        conventions.stated("model.onnx", mean=[0, 0, 0], stddev=[1, 1, 1])


def test_three_values_are_a_convention_of_their_own():
    found = conventions.stated(
        "m.onnx", mean=[0.1, 0.2, 0.3], stddev=[1, 2, 3], is_logits=False
    )
    assert found == conventions.Convention(
        divisor="255", mean=(0.1, 0.2, 0.3), stddev=(1, 2, 3), is_logits=False
    )


def test_values_win_over_those_of_the_convention():
    found = conventions.stated("m.onnx", "birefnet", is_logits=False)
    assert not found.is_logits
    assert found.mean == conventions.CONVENTIONS["birefnet"].mean
    assert conventions.CONVENTIONS["birefnet"].is_logits


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"mean": [0.5]},
            r"^--saliency_mean: wanted three numbers, for red, green and blue, "
            r"found \[0\.5\]$",
        ),
        ({"mean": [0, 0, float("nan")]}, "^--saliency_mean: wanted three"),
        (
            {"stddev": [1, 0, 1]},
            r"^--saliency_stddev: wanted three numbers above 0, for red, green "
            r"and blue, found \[1, 0, 1\]$",
        ),
    ],
)
def test_other_colours_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        conventions.stated("m.onnx", "isnet", **values)
