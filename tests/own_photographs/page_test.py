"""What the page of make_masks shows."""

import own_scenes
from own_photographs_samples import photographs

from guided_segmentation.own_photographs import (
    automatic,
    job,
    machine,
    page,
    settings,
)


def make_job(tmp_path, **given):
    chosen = own_scenes.chosen(**given)
    return job.Job(
        request=job.Request(
            data_dir=tmp_path / "photos",
            image_labels="csv:tags.csv",
            output_dir=tmp_path,
        ),
        photographs=photographs("cat", "cat dog", ""),
        learned=None,
        digest="d1",
        num_learned=3,
        choices={
            name: automatic.Choice(getattr(chosen, name), "")
            for name in settings.FIELDS
        },
        speeds=own_scenes.SPEEDS,
        machine=machine.found(tmp_path),
        state="trained",
        changed=(),
        missing=(),
        without_saliency=(),
    )


def test_the_page_has_the_classes_of_the_segmenter(tmp_path):
    source = page.source(make_job(tmp_path))
    assert source.image_ids == ("000", "001", "002")
    assert source.label_set.objects == ("cat", "cow", "dog")
    assert source.image_labels("001").tolist() == [True, False, True]
    assert source.image_labels("002").tolist() == [False, False, False]


def test_layers_are_those_that_were_made(tmp_path):
    found = page.layers(make_job(tmp_path))
    assert found == {
        "seeds": tmp_path / "seeds",
        "saliency": tmp_path / "saliency_maps",
        "guide": tmp_path / "guides",
        "mask": tmp_path / "masks",
    }
    found = page.layers(make_job(tmp_path, guide="g0", saliency="dir:/m"))
    assert "seeds" not in found
    assert found["saliency"] == tmp_path / "data" / "all" / "saliency"


def test_photographs_are_marked_where_saliency_stood_for_seeds(tmp_path):
    assert page.notes(make_job(tmp_path)) == {}
    found = page.notes(make_job(tmp_path, guide="g0"))
    assert found == {
        "000": "learned from saliency with its tag (G0): too few photographs",
        "001": "several tags and too few photographs: not learned from",
    }
