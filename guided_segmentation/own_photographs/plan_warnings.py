"""What the plan warns of: a budget that nothing fits, and little memory."""

from guided_segmentation.own_photographs import budgets, estimate
from guided_segmentation.own_photographs.machine import Machine
from guided_segmentation.own_photographs.photographs import Photographs
from guided_segmentation.own_photographs.settings import Settings


def budget_warning(
    seconds: float, minutes: float | None, count: int
) -> str | None:
    """Returns a warning if the smallest settings do not fit the budget.

    Args:
      seconds: Estimated of all stages.
      minutes: That the user gave, or None.
      count: Number of photographs.
    """
    limit, _ = budgets.budget(minutes, count)
    if seconds <= 60 * limit:
        return None
    return (
        f"warning: no settings fit {limit:g} minutes on this machine as it is "
        f"now; the shortest trainings that are of use are planned. Close "
        f"other programs, or give more --minutes for better masks"
    )


def memory_warning(
    settings: Settings, photographs: Photographs, machine: Machine
) -> str | None:
    """Returns a warning if memory may not suffice.

    Args:
      settings: Of all stages.
      photographs: That get masks.
      machine: The user's.
    """
    needed = estimate.memory_gb(settings, photographs)
    if needed <= machine.memory_gb:
        return None
    return (
        f"warning: about {needed:.1f} GB of memory are needed, "
        f"{machine.memory_gb:.1f} GB are free; close other programs, or lower "
        f"--seeder_batch_size and --segmenter_batch_size"
    )
