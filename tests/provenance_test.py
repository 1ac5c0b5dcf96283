import hashlib

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


def test_a_run_may_continue_with_other_versions(tmp_path):
    provenance.record_or_check(tmp_path, {"versions": {"keras": "2.15.0"}})
    provenance.record_or_check(
        tmp_path, {"versions": {"keras": "3.6.0", "numpy": "2.0"}}
    )
    content = artifacts.read_json(tmp_path / "settings.json")
    assert content["versions"]["keras"] == "3.6.0"


def test_a_run_may_continue_with_another_command(tmp_path):
    provenance.record_or_check(
        tmp_path, {"command": "train --data_dir=a", "width": 1}
    )
    provenance.record_or_check(
        tmp_path, {"command": "train --data_dir=b", "width": 1}
    )
    content = artifacts.read_json(tmp_path / "settings.json")
    assert content["command"] == "train --data_dir=b"


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


def test_the_digest_of_a_file_is_the_sha256_of_its_bytes(tmp_path):
    content = bytes(range(256)) * 5000  # More than one chunk.
    (tmp_path / "a").write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert provenance.sha256(tmp_path / "a") == expected
