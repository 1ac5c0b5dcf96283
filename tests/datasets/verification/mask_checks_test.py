import pathlib

import pytest

from guided_segmentation import labels
from guided_segmentation.datasets.image_labels import joining
from guided_segmentation.datasets.verification import (
    layouts,
    mask_checks,
    scan,
)

CRACK = labels.LabelSet(("crack",))


def layout(name, label_set=CRACK, **tags):
    found = joining.Tags(where="t", names=tags, unknown=(), objects=())
    return layouts.Layout(
        name=name,
        photographs={},
        splits={},
        masks={"a": pathlib.Path("a.png")},
        label_set=label_set,
        tags=found if tags else None,
    )


def facts(name, *values, size=(4, 4)):
    """An image whose mask has each value as often."""
    mask = scan.MaskFacts(
        path=pathlib.Path(f"{name}.png"),
        size=(4, 4),
        counts=dict.fromkeys(values, 16 // len(values)),
    )
    return scan.Facts(image_id=name, size=size, mask=mask)


def checks(listed, *found):
    meant = mask_checks.meaning(listed, found)
    return [
        each.check
        for f in found
        for each in mask_checks.check(listed, f, meant)
    ]


@pytest.mark.parametrize(
    ("listed", "values", "wanted"),
    [
        (layout("folder"), [(0, 255), (0,)], []),
        (layout("folder"), [(0, 255), (0, 1)], []),
        (layout("pascal_voc"), [(0, 255), (0,)], ["mask_binary"]),
        (layout("pascal_voc"), [(0, 255), (0, 1)], []),
        (
            layout("pascal_voc", a0=["crack"], a1=["crack"]),
            [(0, 255), (0, 1)],
            ["mask_binary"],
        ),
        (layout("pascal_voc", labels.VOC), [(0, 255), (0, 15)], []),
        (layout("folder"), [(0, 2)], ["mask_values"]),
        (layout("folder"), [(0, 1, 255), (255,), (1,)], ["ignored"]),
        (layout("folder", None), [(0, 99)], []),
    ],
)
def test_values_are_judged_by_those_of_all_masks(listed, values, wanted):
    found = [facts(f"a{i}", *each) for i, each in enumerate(values)]
    assert checks(listed, *found) == wanted


def test_objects_of_masks_of_0_and_255_are_the_only_class():
    listed = layout("folder")
    found = facts("a", 0, 255)
    meant = mask_checks.meaning(listed, [found])
    assert mask_checks.objects(listed, found, meant) == {"crack"}


def test_a_missing_mask_is_noted_if_others_exist():
    found = scan.Facts(image_id="b")
    assert checks(layout("folder"), found) == ["unmasked"]


def test_a_mask_of_another_size_is_found():
    found = facts("a", 0, 1, size=(4, 5))
    assert checks(layout("folder"), found) == ["mask_size"]
