import numpy as np
import pytest
from own_photos import PETS, label_file

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import folder


def test_photographs_of_every_ending_come_in_the_order_of_their_ids(data_dir):
    source = folder.source(data_dir)
    assert (source.name, source.image_ids) == ("folder", ("a", "b", "my cat"))
    for image_id in source.image_ids:
        image = source.image(image_id)
        assert (image.shape, image.dtype) == ((3, 4, 3), np.uint8)


def test_photographs_alone_have_neither_labels_nor_truth(data_dir):
    source = folder.source(data_dir)
    assert source.image_labels is source.label_map is source.boxes is None
    assert source.label_set is labels.VOC


def test_an_unreadable_photograph_is_an_error_when_it_is_read(data_dir):
    (data_dir / "a.png").write_bytes(b"")
    source = folder.source(data_dir)
    with pytest.raises(ValueError, match=r"a\.png: wanted an image"):
        source.image("a")


# The label set.


def test_class_names_in_the_folder_are_the_default_label_set(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,dog", "my cat,cat")
    (data_dir / "class_names.txt").write_text("dog\n\ncat\nbird\n")
    source = folder.source(data_dir, f"csv:{path}")
    assert source.label_set.objects == ("dog", "cat", "bird")
    assert (
        folder.source(data_dir, f"csv:{path}", label_set=PETS).label_set is PETS
    )


def test_the_label_set_is_that_of_voc_if_it_covers_the_csv(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat", "b,dog", "my cat,cat")
    assert folder.source(data_dir, f"csv:{path}").label_set is labels.VOC


def test_other_names_in_the_csv_become_the_label_set(data_dir, tmp_path):
    path = label_file(tmp_path, "a,zebra cat", "b,gnu", "my cat,cat")
    source = folder.source(data_dir, f"csv:{path}")
    assert source.label_set.objects == ("cat", "gnu", "zebra")
    np.testing.assert_array_equal(source.image_labels("a"), [True, False, True])


def test_tags_give_the_classes_alone_where_no_labels_are_needed(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,zebra", "c,gnu")
    source = folder.source(data_dir, f"csv:{path}", untagged=None)
    assert source.image_ids == ("a", "b", "my cat")
    assert source.label_set.objects == ("gnu", "zebra")
    assert source.image_labels is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [("labelme", "a.json"), ("voc", "a.xml"), ("csv", "more/tags.csv")],
)
def test_files_of_tags_among_the_photographs_need_no_mention(
    data_dir, kind, name
):
    texts = {
        "labelme": '{"shapes": [{"label": "cat"}]}',
        "voc": "<annotation><object><name>cat</name></object></annotation>",
        "csv": "image_id,labels\na,cat\n",
    }
    path = data_dir / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(texts[kind])
    where = path if kind == "csv" else data_dir
    source = folder.source(data_dir, f"{kind}:{where}")
    assert source.passed_over == ("photographs without tags: 2 (b, my cat)",)


def test_a_folder_at_a_url_is_that_of_local_files(data_dir, at_url):
    masks = data_dir / "masks"
    for name in ("a", "b", "my cat"):
        artifacts.write_label_map(
            masks / f"{name}.png", np.array([[0, 1, 1, 2]] * 3)
        )
    (data_dir / "class_names.txt").write_text("cat\ndog\n")
    (data_dir / "tags.csv").write_text("image_id,labels\na,cat\nb,dog\n")
    url = at_url(data_dir)
    local, found = (
        folder.source(root, f"csv:{root}/tags.csv", truth_dir=f"{root}/masks")
        for root in (data_dir, url)
    )
    assert found.image_ids == local.image_ids == ("a", "b")
    assert found.digest == local.digest
    assert found.label_set == local.label_set
    assert str(found.photograph("b")) == f"{url}/b.JPG"
    for read in ("image", "image_labels", "label_map"):
        np.testing.assert_array_equal(
            getattr(found, read)("a"), getattr(local, read)("a")
        )
    assert [text.replace(url, str(data_dir)) for text in found.passed_over] == [
        *local.passed_over
    ]
