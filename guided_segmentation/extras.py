"""Imports of packages that only an optional extra of setup.cfg installs."""

import importlib
import types

from guided_segmentation.errors import InputError


def imported(module: str, extra: str, wanted_by: str) -> types.ModuleType:
    """Imports a module that needs the packages of an extra.

    Args:
      module: Full name of a module of such a package, or of a module of this
        package that imports one.
      extra: Name of the extra in setup.cfg.
      wanted_by: The feature that needs the module; the message starts with it.

    Returns:
      The module.

    Raises:
      ValueError: If a package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{wanted_by}: wanted the package {error.name}, found none; "
            f"pip install 'guided_segmentation[{extra}]'"
        ) from error
