"""SkySense++ as a backbone of several modalities and dates: one fused map of a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmrs.models.pretrain.skysensepp import SkySensePP
from mmrs.registry import MODELS


@MODELS.register_module()
class SkySenseFused(SkySensePP):
    """The backbones of SkySense++ and its fusion transformer, without annotations and without a head.

    Takes what :class:`mmrs.models.ModalityPreprocessor` gives. The grids of all modalities have to meet, as in the
    pre-training: with an optical image of 32 n pixels, Sentinel tiles have n pixels.

    Args:
        modalities: Which of ``'hr'``, ``'s2'``, ``'s1'`` are built.
        frozen: Nothing learns here: no gradient, no graph, evaluation mode kept.
        backbone_hr: See :class:`mmrs.models.SkySensePP`; only the coarsest map is built.
        backbone_s2: See there; only the last map is built.
        backbone_s1: See there; only the last map is built.
        **kwargs: See there.
    """

    def __init__(
        self,
        modalities: Sequence[str] = ('hr', 's2', 's1'),
        frozen: bool = False,
        backbone_hr: Mapping[str, Any] | None = None,
        backbone_s2: Mapping[str, Any] | None = None,
        backbone_s1: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        last = dict(out_indices=(-1,))
        super().__init__(
            vocabulary_size=None,
            modalities=modalities,
            backbone_hr={**last, **(backbone_hr or {})},
            backbone_s2={**last, **(backbone_s2 or {})},
            backbone_s1={**last, **(backbone_s1 or {})},
            **kwargs,
        )
        self.frozen = frozen
        if frozen:
            self.requires_grad_(False)
            self.eval()

    def train(self, mode: bool = True) -> SkySenseFused:
        """Sets the mode; a frozen model stays in evaluation mode."""
        super().train(mode and not self.frozen)
        return self

    def forward(self, images: Mapping[str, Tensor | None]) -> tuple[Tensor, ...]:  # type: ignore[override]
        """Fuses a batch.

        Args:
            images: Normalised images by modality; see :meth:`SkySensePP.forward`. One that is missing is left out.

        Returns:
            One map (B, fusion width, rows, columns).
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return (super().forward(images).fused,)
