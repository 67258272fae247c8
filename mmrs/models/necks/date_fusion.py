"""Joins the maps of many dates place by place (SkySense++ specification, section 5, fine-tuning on Germany crops)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.necks.skysense_fusion import SkySenseFusion
from mmrs.registry import MODELS


@MODELS.register_module()
class DateFusionNeck(BaseModule):
    """A neck for every date alone, then one transformer over the dates of each place.

    All levels share the transformer. It has no positions: the order of the dates does not matter.

    Args:
        dates: Number of dates of a sample.
        levels: Config of the neck that every date passes, such as mmsegmentation's ``MultiLevelNeck``; None: none.
        fusion: Options of :class:`mmrs.models.SkySenseFusion`.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        dates: int,
        levels: Mapping[str, Any] | None = None,
        fusion: Mapping[str, Any] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.dates = dates
        self.levels = MODELS.build(dict(levels)) if levels is not None else None
        self.fusion = SkySenseFusion(**(fusion or {}))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Joins the dates.

        Args:
            inputs: Maps (B * dates, C, H, W), the dates of a sample one after the other.

        Returns:
            One map (B, fusion width, ...) for each level.

        Raises:
            ConfigError: If the maps are not those of whole samples.
        """
        if len(inputs[0]) % self.dates:
            fix = 'Set `dates` of the backbone and of this neck to the number that LoadTimeSeries gives.'
            raise ConfigError('inputs', f'{len(inputs[0])} maps', f'a multiple of {self.dates} dates', fix)
        maps = self.levels(inputs) if self.levels is not None else inputs
        return tuple(self._fuse(level) for level in maps)

    def _fuse(self, level: Tensor) -> Tensor:
        frames = level.unflatten(0, (-1, self.dates))
        batch, _, _, height, width = frames.shape
        fused = self.fusion(frames.permute(0, 3, 4, 1, 2).flatten(0, 2))
        return fused.view(batch, height, width, -1).permute(0, 3, 1, 2).contiguous()
