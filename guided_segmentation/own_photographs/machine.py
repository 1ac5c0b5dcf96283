"""What the machine has: cores, memory, disk."""

import dataclasses
import pathlib
import shutil

from guided_segmentation import artifacts, cores

_GB = 1e9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """What the automatic settings depend on.

    Attributes:
      cores: CPU cores that this process may use.
      memory_gb: Memory that is free now; infinite if unknown.
      disk_gb: Disk that is free where the results go.
      gpus: Names of the GPUs that TensorFlow finds.
    """

    cores: int
    memory_gb: float
    disk_gb: float
    gpus: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = list(self.gpus)
        parts.append(f"{self.cores} core{'s' * (self.cores != 1)}")
        if self.memory_gb != float("inf"):
            parts.append(f"{self.memory_gb:.0f} GB of free memory")
        parts.append(f"{self.disk_gb:.0f} GB of free disk")
        return ", ".join(parts)


def found(output_dir: artifacts.Path, gpus: tuple[str, ...] = ()) -> Machine:
    """Returns what this machine has.

    Args:
      output_dir: Where the results go; need not exist yet.
      gpus: Names of the GPUs.
    """
    folder = pathlib.Path(output_dir).resolve()
    while not folder.exists():
        folder = folder.parent
    return Machine(
        cores=cores.count(),
        memory_gb=_memory_gb(),
        disk_gb=shutil.disk_usage(folder).free / _GB,
        gpus=gpus,
    )


def _memory_gb() -> float:
    """Free memory by /proc/meminfo, less what a control group forbids."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return float("inf")
    fields = dict(line.split(":")[:2] for line in lines)
    free = int(fields["MemAvailable"].split()[0]) * 1024 / _GB
    try:
        limit = pathlib.Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = pathlib.Path("/sys/fs/cgroup/memory.current").read_text()
        return min(free, (int(limit) - int(used)) / _GB)
    except (OSError, ValueError):  # No limit reads "max".
        return free
