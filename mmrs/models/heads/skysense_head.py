"""The UPerNet head of SkySense++ pretraining (specification, section 2.8): mmsegmentation's, with one option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def skysense_head(
    in_channels: Sequence[int],
    num_classes: int,
    channels: int = 512,
    pool_scales: Sequence[int] = (1, 2, 3, 6),
    dropout_ratio: float = 0.1,
    norm_cfg: dict[str, Any] | None = None,
    round_pooled: bool = False,
) -> nn.Module:
    """Builds mmsegmentation's ``UPerHead`` over all given maps.

    Args:
        in_channels: Channels of the maps, fine to coarse; the last goes through the pyramid pooling.
        num_classes: Number of output channels, background included.
        channels: Width inside.
        pool_scales: Sides of the pooled maps.
        dropout_ratio: Share of channels dropped before the classifier in training.
        norm_cfg: Normalisation; None is batch norm. Pretraining used ``dict(type='SyncBN')``.
        round_pooled: Rounds the pooled maps to bfloat16, as the original does even in float32. It changes the logits
            by about 4e-4 of their size.

    Returns:
        The head; call it with the list of maps.
    """
    # Here, and not above: a detector that uses a backbone of this package needs no mmsegmentation.
    from mmseg.models.decode_heads import UPerHead

    head = UPerHead(
        in_channels=list(in_channels),
        in_index=list(range(len(in_channels))),
        pool_scales=tuple(pool_scales),
        channels=channels,
        dropout_ratio=dropout_ratio,
        num_classes=num_classes,
        norm_cfg=norm_cfg or {'type': 'BN'},
        align_corners=False,
        # The original never runs the head's own initialisation, so its classifier starts as torch makes it.
        init_cfg=None,
        loss_decode={'type': 'mmseg.CrossEntropyLoss', 'avg_non_ignore': True},
    )
    if round_pooled:
        head.psp_modules.register_forward_hook(_round)
    return head


def _round(_: nn.Module, __: Any, pooled: list[Tensor]) -> list[Tensor]:
    return [x.to(torch.bfloat16).to(x.dtype) for x in pooled]
