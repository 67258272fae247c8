"""What the stand-in for ``mmcv._ext`` contains: a table of names, and an explanatory error for all others."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, NoReturn

from mmrs.errors import OperatorError
from mmrs.ops.sampling_table import SAMPLING_OPERATORS

# Name in the extension -> 'module:function'. The functions take the arguments of mmcv's binding, by the same names,
# and write into the output tensors that mmcv's Python wrappers hand them.
OPERATORS: dict[str, str] = {
    'bbox_overlaps': 'mmrs.ops.horizontal:bbox_overlaps',
    'box_iou_quadri': 'mmrs.ops.quadri:box_iou_quadri',
    'box_iou_rotated': 'mmrs.ops.rotated:box_iou_rotated',
    'convex_giou': 'mmrs.ops.pointsets:convex_giou',
    'convex_iou': 'mmrs.ops.pointsets:convex_iou',
    'diff_iou_rotated_sort_vertices_forward': 'mmrs.ops.rotated:sort_vertices',
    'get_compiler_version': 'mmrs.ops.extension:compiler_version',
    'get_compiling_cuda_version': 'mmrs.ops.extension:compiling_cuda_version',
    'min_area_polygons': 'mmrs.ops.pointsets:min_area_polygons',
    'nms': 'mmrs.ops.horizontal:nms',
    'nms_match': 'mmrs.ops.horizontal:nms_match',
    'nms_quadri': 'mmrs.ops.greedy:nms_quadri',
    'nms_rotated': 'mmrs.ops.greedy:nms_rotated',
    'points_in_polygons_forward': 'mmrs.ops.quadri:points_in_polygons',
    'softnms': 'mmrs.ops.horizontal:softnms',
    **SAMPLING_OPERATORS,
}


def compiler_version() -> str:
    """What mmcv reports as its compiler: none was used."""
    return 'none (torch operators of mmrs)'


def compiling_cuda_version() -> str:
    """What mmcv reports as the CUDA version it was compiled for: none was used."""
    return 'not available'


def operator(name: str) -> Callable[..., Any]:
    """Loads the implementation of one operator.

    Args:
        name: Name of the operator in ``mmcv._ext``.

    Returns:
        The function, or, for an operator that is not supplied, one that raises :class:`OperatorError` when called:
        mmcv looks all names up at import, also those that will never be used.
    """
    if name not in OPERATORS:
        return partial(_refuse, name)
    module, function = OPERATORS[name].split(':')
    return getattr(importlib.import_module(module), function)


def fill(module: ModuleType) -> None:
    """Gives ``module`` every operator as an attribute that is loaded on first use."""

    def load(name: str) -> Callable[..., Any]:
        if name.startswith('_'):
            raise AttributeError(f'module {module.__name__!r} has no attribute {name!r}')
        function = operator(name)
        setattr(module, name, function)
        return function

    module.__doc__ = 'Torch stand-in for the compiled extension of mmcv, supplied by mmrs.'
    module.__dict__['__getattr__'] = load


def _refuse(name: str, *args: object, **kwargs: object) -> NoReturn:
    raise OperatorError(
        f'mmcv operator {name!r}',
        'an mmcv without compiled extension',
        'a compiled one: mmrs has no torch version of this operator',
        'Install a prebuilt mmcv wheel for your torch, or compile one where torch and a C++ compiler are present: '
        'pip install --no-build-isolation --no-binary onedl-mmcv onedl-mmcv',
    )
