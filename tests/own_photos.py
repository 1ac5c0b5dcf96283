"""Files that a user writes beside own photographs, for the tests of readers."""

from guided_segmentation import labels

PETS = labels.LabelSet(("cat", "dog"))


def label_file(tmp_path, *lines, header="image_id,labels"):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *lines]), newline="")
    return path
