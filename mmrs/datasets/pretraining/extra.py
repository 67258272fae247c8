"""Packages of the extra ``mmrs[data]``, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from mmrs.errors import ConfigError


def need(module: str) -> Any:
    """Imports a module of the extra.

    Args:
        module: Its full name.

    Raises:
        ConfigError: If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split('.')[0]
        raise ConfigError(
            package, f'no such package ({error})', 'the extra "data"', "pip install 'mmrs[data]'"
        ) from error
