"""Torch stand-ins for the operators of mmcv's compiled extension.

Importing this package is cheap: torch is loaded only when an operator is first used.
"""

from mmrs.ops.finder import compiled_available, install, operators_in_use

__all__ = ['compiled_available', 'install', 'operators_in_use']
