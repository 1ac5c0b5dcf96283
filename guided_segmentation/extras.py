"""Packages that only some users want, by the extra that installs them."""

import importlib
import types


def imported(module: str, extra: str, wanted_by: str) -> types.ModuleType:
    """Imports a module that stands on packages of an extra.

    Args:
      module: Its full name; of a package itself, or of one of ours that
        imports it.
      extra: Name of the extra in setup.cfg.
      wanted_by: What cannot do without, first in the message.

    Returns:
      The module.

    Raises:
      ValueError: If a package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{wanted_by}: wanted the package {error.name}, found none; "
            f"pip install 'guided_segmentation[{extra}]'"
        ) from error
