from guided_segmentation import labels
from guided_segmentation.datasets.verification import layouts, tag_checks

LAYOUT = layouts.Layout(
    name="folder",
    photographs={},
    splits={},
    label_set=labels.LabelSet(("cat", "dog", "cow")),
    has_listed_classes=True,
)


def messages(counts, num_images):
    found = tag_checks.balance(LAYOUT, counts, num_images)
    return [each.message for each in found]


def test_balanced_classes_are_not_mentioned():
    assert messages({"cat": 50, "dog": 9, "cow": 40}, 99) == []


def test_rare_and_common_classes_are_named():
    assert messages({"cat": 401, "dog": 4, "cow": 0}, 401) == [
        "cat: in every image",
        "dog: in 4 images alone",
        "cow: in no image",
        "cat: 401 images, dog: 4",
    ]


def test_classes_that_no_file_lists_may_be_in_no_image():
    layout = layouts.Layout(name="folder", photographs={}, splits={})
    assert list(tag_checks.balance(layout, {"cat": 9, "dog": 0}, 20)) == []


def test_images_are_counted_by_class():
    names = [{"cat"}, {"cat", "dog"}, set()]
    assert tag_checks.count(names, ["dog", "cow", "cat"]) == {
        "dog": 1,
        "cow": 0,
        "cat": 2,
    }
