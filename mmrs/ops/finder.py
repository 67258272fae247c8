"""Supplies ``mmcv._ext`` on import, only where mmcv has no compiled one.

The finder is the last entry of :data:`sys.meta_path`, so a compiled extension that any other finder knows is
always preferred. Nothing heavy is imported until some code really imports ``mmcv._ext``.

The finder is added when :mod:`mmrs` is imported, and already at ``import torch`` where mmrs is installed: torch
calls the entry points of group ``torch.backends`` (``TORCH_DEVICE_BACKEND_AUTOLOAD=0`` turns that off). So it is in
place, too, in spawned workers and in scripts that import every model before they read the config that names mmrs
(mmrotate's ``tools/train.py``). An import of ``mmcv.ops`` that has failed before is not made good: the OpenMMLab
packages bind placeholders then.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

EXTENSION = 'mmcv._ext'


class _ExtensionLoader(Loader):
    """Fills the stand-in module."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leaves the creation of an ordinary module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Makes every operator an attribute of the module, each loaded on first use."""
        from mmrs.ops import extension

        extension.fill(module)


class ExtensionFinder(MetaPathFinder):
    """Finds the stand-in for ``mmcv._ext``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns a spec for ``mmcv._ext`` and None for any other module."""
        if fullname != EXTENSION:
            return None
        return ModuleSpec(fullname, _ExtensionLoader(), origin='mmrs.ops.extension')


def install() -> None:
    """Adds the finder after all others, so that a compiled extension wins. Idempotent."""
    if not any(isinstance(finder, ExtensionFinder) for finder in sys.meta_path):
        sys.meta_path.append(ExtensionFinder())


def compiled_available() -> bool:
    """Whether mmcv is installed with its compiled extension. Imports neither mmcv nor torch."""
    package = importlib.util.find_spec('mmcv')
    if package is None:
        return False
    others = (finder for finder in sys.meta_path if not isinstance(finder, ExtensionFinder))
    return any(
        hasattr(finder, 'find_spec') and finder.find_spec(EXTENSION, package.submodule_search_locations) is not None
        for finder in others
    )


def operators_in_use() -> str:
    """Says in one word which operators ``mmcv.ops`` uses: ``'compiled'``, ``'mmrs'`` or ``'none'`` (no mmcv)."""
    if importlib.util.find_spec('mmcv') is None:
        return 'none'
    return 'compiled' if compiled_available() else 'mmrs'
