"""Calls the probe in a process of its own."""

import json
import subprocess
import sys
import time

from guided_segmentation.errors import InputError
from guided_segmentation.experiments import attempt
from guided_segmentation.own_photographs.settings import Settings, spec

_MODULE = "guided_segmentation.own_photographs.probe"


def run(settings: Settings, num_objects: int, pixels: int) -> dict:
    """Times single steps of all stages on this machine.

    Args:
      settings: Of the networks to time.
      num_objects: Number of classes without the background.
      pixels: Of a photograph.

    Returns:
      "precision", "precision_seconds", "gpus" and "seconds", as the probe
      prints them.

    Raises:
      InputError: If the settings do not go together, with the reason.
    """
    started_at = time.time()
    print("timing a few steps on this machine ...", file=sys.stderr)
    answer = subprocess.run(
        [sys.executable, "-m", _MODULE, spec(settings, num_objects, pixels)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if answer.returncode:
        said = attempt.last_error(answer.stderr)
        kind, _, message = said.partition("Error: ")
        raise InputError(message or kind)
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    start = max(found.pop("loaded_at") - started_at, 0.0)
    return {**found, "seconds": {"start": start, **found["seconds"]}}
