"""``init_cfg=dict(type='mmrs.Pretrained', checkpoint=..., prefix=...)`` for any config of any host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import update_init_info
from torch import nn

from mmrs.registry import WEIGHT_INITIALIZERS
from mmrs.weights.load import LoadReport, load_pretrained


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedWeights:
    """Weight initializer that loads safely, converts names and fails when too little fits.

    In a list of initializers it has to stand last: mmengine runs them in order, and moves only its own ``Pretrained``
    to the end.

    Args:
        checkpoint: Catalogue name or path, as for :func:`mmrs.weights.load.load_pretrained`.
        prefix: Part of the file that is wanted, such as ``'backbone'``.
        min_coverage: Share of the module's tensors that must be filled; None as in ``load_pretrained``.
        bands: Names of the input channels in their order, to be compared with those of the catalogue entry.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: str | None = None,
        min_coverage: float | None = None,
        bands: Sequence[str] | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.options: dict[str, Any] = {'prefix': prefix, 'min_coverage': min_coverage, 'bands': bands}

    def __call__(self, module: nn.Module) -> LoadReport:
        """Loads into ``module``.

        Raises:
            WeightsError: As ``load_pretrained``.
        """
        in_init_weights = hasattr(module, '_params_init_info')
        if in_init_weights:
            _initialise_children(module)
        report = load_pretrained(module, self.checkpoint, **self.options)
        if in_init_weights:
            update_init_info(module, init_info=f'mmrs.Pretrained: load from {self.checkpoint}')
        return report


def _initialise_children(module: nn.Module) -> None:
    """Runs the children's own initialisation now: mmengine would run it after us and overwrite what we load."""
    for child in module.children():
        initialise: Any = getattr(child, 'init_weights', None)
        if initialise is not None and not getattr(child, 'is_init', False):
            initialise()
            setattr(child, 'is_init', True)  # noqa: B010  (typed modules know no such attribute)
