"""Sets of photographs on disk that the stages read."""

import dataclasses

import own_scenes
import pytest

from guided_segmentation import labels
from guided_segmentation.own_photographs import photographs, sets


@pytest.fixture
def photos(tmp_path):
    return own_scenes.Photos(tmp_path, 3)


def survey(photos):
    return photographs.survey(photos.folder, f"csv:{photos.tags_file}")


def test_a_set_is_read_like_the_folder_itself(photos, tmp_path):
    found = survey(photos)
    sets.write(tmp_path / "set", found)
    again = photographs.survey(
        tmp_path / "set" / sets.PHOTOGRAPHS,
        f"jsonl:{tmp_path / 'set' / sets.TAGS}",
    )
    assert again.by_id == found.by_id
    assert again.label_set == found.label_set
    assert again.passed_over == ()


def test_a_set_follows_its_photographs(photos, tmp_path):
    found = survey(photos)
    folder = tmp_path / "set"
    sets.write(folder, found)
    first, *rest = found.by_id
    sets.write(folder, found.only(rest))
    names = {path.stem for path in (folder / sets.PHOTOGRAPHS).glob("*.jpg")}
    assert names == set(rest)
    assert first not in (folder / sets.TAGS).read_text()


def test_names_of_any_characters_are_kept(photos, tmp_path):
    names = (
        "traffic light",
        "a,b",
        'the "x"; yes',
        "\N{CJK UNIFIED IDEOGRAPH-732B}",
    )
    found = survey(photos)
    image_id = next(iter(found.by_id))
    changed = dataclasses.replace(found.by_id[image_id], tags=names)
    found = dataclasses.replace(
        found,
        label_set=labels.LabelSet(names),
        by_id={image_id: changed},
    )
    sets.write(tmp_path / "set", found)
    again = photographs.survey(
        tmp_path / "set" / sets.PHOTOGRAPHS,
        f"jsonl:{tmp_path / 'set' / sets.TAGS}",
    )
    assert again.by_id[image_id].tags == names


def test_the_digest_follows_tags_classes_and_maps(photos, tmp_path):
    found = survey(photos)
    maps = tmp_path / "maps"
    maps.mkdir()
    image_id = next(iter(found.by_id))
    changed = dataclasses.replace(found.by_id[image_id], tags=())
    other = labels.LabelSet((*found.label_set.objects, "comet"))
    digests = [
        sets.digest(found, None),
        sets.digest(found, maps),
        sets.digest(found.only([image_id]), None),
        sets.digest(dataclasses.replace(found, label_set=other), None),
        sets.digest(
            dataclasses.replace(
                found, by_id={**found.by_id, image_id: changed}
            ),
            None,
        ),
    ]
    (maps / f"{image_id}.png").write_bytes(b"1")
    digests.append(sets.digest(found, maps))
    assert len(set(digests)) == len(digests)
    assert sets.digest(survey(photos), None) == digests[0]


def test_saliency_maps_are_part_of_a_set(photos, tmp_path):
    found = survey(photos)
    maps = tmp_path / "maps"
    maps.mkdir()
    for image_id in found.by_id:
        (maps / f"{image_id}.png").write_text(image_id)
    sets.write(tmp_path / "set", found, maps)
    for image_id in found.by_id:
        path = tmp_path / "set" / sets.SALIENCY / f"{image_id}.png"
        assert path.read_text() == image_id


def test_a_file_system_without_links_gets_copies(photos, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    found = survey(photos)
    for _ in range(2):
        sets.write(tmp_path / "set", found)
    for image_id in found.by_id:
        path = tmp_path / "set" / sets.PHOTOGRAPHS / f"{image_id}.jpg"
        assert not path.is_symlink()
        assert str(path.stat().st_size) == found.by_id[image_id].digest
