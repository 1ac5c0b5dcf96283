import pytest

from guided_segmentation.datasets import folder


@pytest.mark.parametrize(
    "names", ["", "cat\ndog\ncat\n", "_background_\n", "cat\nCat\n"]
)
def test_class_names_that_are_no_label_set_are_refused(data_dir, names):
    (data_dir / "class_names.txt").write_text(names)
    with pytest.raises(ValueError, match=r"class_names\.txt: .*label set"):
        folder.source(data_dir)


@pytest.mark.parametrize(
    "top",
    [
        "background\n",
        "_background_\n",
        "__background__\n",
        "Background\n",
        "BG\n",
        "__ignore__\n_background_\n",
    ],
)
def test_a_background_on_top_of_the_class_names_is_class_0(data_dir, top):
    (data_dir / "class_names.txt").write_text(f"{top}cat\ndog\n")
    assert folder.source(data_dir).label_set.objects == ("cat", "dog")


def test_a_background_below_other_class_names_is_refused(data_dir):
    (data_dir / "class_names.txt").write_text("cat\n_background_\ndog\n")
    with pytest.raises(
        ValueError,
        match=r"class_names\.txt: wanted '_background_' on top, where it is "
        r"class 0, or not at all, found it below a name",
    ):
        folder.source(data_dir)
