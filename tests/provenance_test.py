import hashlib
import os

import numpy as np
import pytest

from guided_segmentation import artifacts, provenance


def test_an_added_or_removed_setting_is_refused(tmp_path):
    provenance.record_or_check(tmp_path, {"guide": "g2"})
    with pytest.raises(
        ValueError, match="begun with width = None, now it is 1"
    ):
        provenance.record_or_check(tmp_path, {"guide": "g2", "width": 1})
    with pytest.raises(
        ValueError, match="begun with guide = 'g2', now it is None"
    ):
        provenance.record_or_check(tmp_path, {})


def test_the_same_settings_may_be_recorded_again(tmp_path):
    recorded = {"network": {"width": 0.1, "blocks": (1, 2)}}
    provenance.record_or_check(tmp_path, recorded)
    provenance.record_or_check(tmp_path, recorded)


FIRST = {"command": "train --data_dir=a", "versions": {"keras": "2.15.0"}}
SECOND = {"command": "train --data_dir=b", "versions": {"keras": "3.6.0"}}


def test_a_resumed_run_adds_its_command_and_versions(tmp_path):
    provenance.record_or_check(tmp_path, {"width": 1, **FIRST})
    for run in (FIRST, SECOND, SECOND, FIRST):
        provenance.record_or_check(tmp_path, {"width": 1, **run})
    content = artifacts.read_json(tmp_path / "settings.json")
    assert content == {"width": 1, **FIRST, "resumed": [SECOND, FIRST]}


def test_a_finished_run_keeps_the_command_and_versions_that_made_it(tmp_path):
    provenance.record_or_check(tmp_path, {"width": 1, **FIRST})
    before = (tmp_path / "settings.json").stat().st_mtime_ns
    provenance.record_or_check(
        tmp_path, {"width": 1, **SECOND}, is_finished=True
    )
    assert (tmp_path / "settings.json").stat().st_mtime_ns == before


def test_a_run_from_inputs_whose_content_changed_is_refused(tmp_path):
    def made(seeds):
        return {
            "inputs": provenance.combined({"seeds": {"a": "1", "b": seeds}})
        }

    provenance.record_or_check(tmp_path, made("2"))
    provenance.record_or_check(tmp_path, made("2"))
    with pytest.raises(ValueError, match="from other seeds: their content"):
        provenance.record_or_check(tmp_path, made("3"), is_finished=True)


def test_maps_of_images_whose_inputs_changed_are_refused(tmp_path):
    def check(**digests):
        provenance.record_or_check_maps(tmp_path, {}, {"seeds": digests})

    check(a="1", b="2")
    check(a="1", b="3")  # No map is there yet.
    for name in ("a.png", "b.png"):
        artifacts.write_label_map(tmp_path / name, np.zeros((2, 2), np.uint8))
    check(a="1", b="3", added="4")
    check(a="1")  # A part of the images.
    with pytest.raises(
        ValueError, match=r"the seeds of 1 images changed .* first is 'b'"
    ):
        check(a="1", b="2", added="5")
    (tmp_path / "b.png").unlink()
    check(a="1", b="2")


def test_the_digest_of_a_file_follows_its_content(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    found = provenance.file_digests(["a", "b"], tmp_path)
    assert found == {"a": provenance.sha256(path)[:16], "b": ""}
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert provenance.file_digest(path) != found["a"]


def test_settings_without_results_are_replaced(tmp_path):
    provenance.record_or_check(tmp_path, {"width": 1})
    provenance.record_or_check(tmp_path, {"width": 2}, is_begun=False)
    assert artifacts.read_json(tmp_path / "settings.json") == {"width": 2}


def test_a_folder_holds_maps_of_the_same_settings(tmp_path):
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.2})
    provenance.record_or_check_maps(
        tmp_path, {"threshold": 0.3}
    )  # Nothing is there yet.
    artifacts.write_label_map(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.3})
    with pytest.raises(
        ValueError, match=r"begun with threshold = 0\.3, now it is 0\.4"
    ):
        provenance.record_or_check_maps(tmp_path, {"threshold": 0.4})


def test_maps_from_elsewhere_are_accepted_without_settings(tmp_path):
    artifacts.write_label_map(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.2})
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("size", [10, 2**16, 2**16 + 1, 2**17, 10**6])
@pytest.mark.parametrize("place", [0, -1])
def test_an_edited_file_of_the_same_size_has_another_sample(
    tmp_path, size, place
):
    path = tmp_path / "a.jpg"
    content = bytearray(size)
    path.write_bytes(content)
    before = provenance.sampled_digest(path)
    content[place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    assert provenance.sampled_digest(path) != before


def test_the_sample_of_a_small_file_is_all_of_it(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    wanted = hashlib.sha256(b"3 abc").hexdigest()[:16]
    assert provenance.sampled_digest(path) == wanted


def test_no_bytes_are_read_twice_or_left_out_of_a_sample(tmp_path):
    """Up to 128 KiB, which is the whole of a usual photograph."""
    content = os.urandom(100_000)
    (tmp_path / "a.jpg").write_bytes(content)
    wanted = hashlib.sha256(b"100000 " + content).hexdigest()[:16]
    assert provenance.sampled_digest(tmp_path / "a.jpg") == wanted


def test_the_sample_does_not_depend_on_time_and_folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"abc")
        os.utime(tmp_path / name, ns=(1, ord(name)))
    found = {provenance.sampled_digest(tmp_path / name) for name in "ab"}
    assert len(found) == 1


def test_the_sample_of_no_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.jpg"):
        provenance.sampled_digest(tmp_path / "a.jpg")


def test_the_digest_of_a_file_is_the_sha256_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5000  # More than one chunk.
    (tmp_path / "a").write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert provenance.sha256(tmp_path / "a") == expected


def test_maps_in_folders_know_their_inputs(tmp_path):
    settings, inputs = {"a": 1}, {"seeds": {"x/a": "1"}}
    provenance.record_or_check_maps(tmp_path, settings, inputs)
    artifacts.write_bytes(tmp_path / "x/a.png", b"a map")
    provenance.record_or_check_maps(tmp_path, settings, inputs)
    with pytest.raises(ValueError, match=r"the seeds of 1 images changed"):
        provenance.record_or_check_maps(
            tmp_path, settings, {"seeds": {"x/a": "2"}}
        )
    with pytest.raises(ValueError, match=r"was begun with a = 1, now it is 2"):
        provenance.record_or_check_maps(tmp_path, {"a": 2}, inputs)
