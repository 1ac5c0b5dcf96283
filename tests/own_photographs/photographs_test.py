"""The tagged photographs of a folder."""

import own_scenes
import pytest
from own_photographs_samples import photographs

from guided_segmentation import labels
from guided_segmentation.errors import InputError
from guided_segmentation.own_photographs import photographs as surveyed


@pytest.fixture
def photos(tmp_path):
    return own_scenes.Photos(tmp_path, 3)


def survey(photos):
    return surveyed.survey(photos.folder, f"csv:{photos.tags_file}")


def test_photographs_have_sizes_and_tags(photos):
    found = survey(photos)
    assert len(found) == 3
    for image_id, photograph in found.by_id.items():
        assert set(photograph.tags) == set(photos.tags[image_id])
        path = photos.folder / f"{image_id}.jpg"
        assert photograph.digest == str(path.stat().st_size)
        assert photograph.size == found.source.image(image_id).shape[:2]


def test_a_truncated_photograph_is_passed_over(photos):
    image_id = list(photos.tags)[1]
    path = photos.folder / f"{image_id}.jpg"
    path.write_bytes(path.read_bytes()[:500])
    found = survey(photos)
    assert image_id not in found.by_id
    (told,) = found.passed_over
    assert told.startswith(f"unreadable: 1 ({image_id}; ")
    assert path.name in told


def test_a_folder_without_any_readable_photograph_is_refused(photos):
    for path in photos.folder.iterdir():
        path.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match=r"photos: no photograph can be read"):
        survey(photos)


def test_counts_leave_out_absent_classes():
    found = photographs("cat dog", "dog", "")
    assert found.counts == {"cat": 1, "dog": 2}
    assert found.one_tag == ["001", "002"]


def test_the_median_photograph_is_the_middle_one():
    assert photographs("cat", size=(30, 40)).median_pixels == 1200


def test_some_photographs_keep_their_order():
    found = photographs("cat", "dog", "cow")
    assert list(found.only(["002", "000"]).by_id) == ["002", "000"]


def test_photographs_of_unknown_tags_are_passed_over():
    found = photographs("cat", "dog cow", "cow")
    known = found.known_to(labels.LabelSet(("dog", "cat")))
    assert list(known.by_id) == ["000"]
    assert known.label_set.objects == ("dog", "cat")
    assert known.passed_over == (
        "tagged with what the segmenter has not learned (cow): 2 (001, 002), "
        "--retrain learns it",
    )


def test_a_segmenter_that_knows_no_tag_is_refused():
    with pytest.raises(
        InputError,
        match=r"^no photograph is left; tagged with what the segmenter has "
        r"not learned \(cat\): 1 \(000\), --retrain learns it$",
    ):
        photographs("cat").known_to(labels.LabelSet(("dog",)))
