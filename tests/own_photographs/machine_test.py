"""What the machine has."""

import os

from guided_segmentation.own_photographs import machine


def test_a_machine_has_cores_memory_and_disk(tmp_path):
    found = machine.found(tmp_path / "not" / "there")
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert found.memory_gb > 0
    assert found.disk_gb > 0
    assert found.gpus == ()


def test_a_machine_is_told_in_a_line():
    small = machine.Machine(cores=1, memory_gb=7.6, disk_gb=20.2)
    assert str(small) == "1 core, 8 GB of free memory, 20 GB of free disk"
    large = machine.Machine(
        cores=16, memory_gb=float("inf"), disk_gb=20.2, gpus=("A100",)
    )
    assert str(large) == "A100, 16 cores, 20 GB of free disk"


def test_a_system_without_proc_has_unknown_memory(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    assert machine._memory_gb() == float("inf")
