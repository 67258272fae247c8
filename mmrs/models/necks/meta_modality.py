"""Meta-Modality Attention as a neck behind any backbone that gives maps by modality."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mmengine.model import BaseModule
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.layers import MAP_FUSIONS, MetaModalityAttention, fuse_maps
from mmrs.registry import MODELS

Maps = Mapping[str, Sequence[Tensor]] | Sequence[Sequence[Tensor]]


@MODELS.register_module()
class MetaModalityNeck(BaseModule):
    """Lets the maps of two or more modalities attend to each other, then fuses the modalities.

    Attention costs the square of the cells of all modalities; no attention matrix is kept. The weights do not depend
    on the number of modalities: one that is missing is left out.

    Args:
        in_channels: Width of the map that attends, the same in every modality.
        stage: Which of a modality's maps attend; the others are fused as they are.
        fusion: ``'sum'``, ``'mean'``, ``'concat'``, or ``'none'``: a dict of tuples of maps.
        modalities: All modalities, in the order of ``'concat'``, so that one may be missing; None: those that come.
        init_cfg: Initialisation config of mmengine.
        **attention: Options of :class:`mmrs.models.layers.MetaModalityAttention`, such as ``residual='paper'``.

    Raises:
        ConfigError: An option is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        stage: int = -1,
        fusion: Literal['sum', 'mean', 'concat', 'none'] = 'sum',
        modalities: Sequence[str] | None = None,
        init_cfg: dict | list[dict] | None = None,
        **attention: Any,
    ) -> None:
        super().__init__(copy.deepcopy(init_cfg))
        if fusion not in (*MAP_FUSIONS, 'none'):
            raise ConfigError('fusion', repr(fusion), f"one of {MAP_FUSIONS} or 'none'", 'Correct the neck entry.')
        self.stage, self.fusion, self.modalities = stage, fusion, modalities
        self.attention = MetaModalityAttention(in_channels, **attention)

    def forward(self, inputs: Maps) -> tuple[Tensor, ...] | dict[str, tuple[Tensor, ...]]:
        """Maps the maps of each modality to fused maps.

        Args:
            inputs: Maps (B, C, H, W), one per stage, by name of the modality, or in its order.

        Returns:
            One map per stage, or a dict of them by modality for ``fusion='none'``.

        Raises:
            ConfigError: No modality is there, one is unknown, or the maps do not fit the attention or each other.
        """
        named = inputs if isinstance(inputs, Mapping) else {str(index): part for index, part in enumerate(inputs)}
        known = tuple(self.modalities or named)
        if not named or set(named) - set(known):
            raise ConfigError('inputs', f'modalities {sorted(named)}', f'one or more of {known}', 'Correct the neck.')
        maps = {name: list(named[name]) for name in known if name in named}
        attended = self.attention.forward_maps([stages[self.stage] for stages in maps.values()])
        for stages, feature in zip(maps.values(), attended, strict=True):
            stages[self.stage] = feature
        if self.fusion == 'none':
            return {name: tuple(stages) for name, stages in maps.items()}
        return fuse_maps(maps, known, self.fusion)
