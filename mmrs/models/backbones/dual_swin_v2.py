"""Several SwinV2 encoders over one stack of co-registered modalities, such as optical and SAR."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.backbones.mars import CHANNELS, MaRS, start_from
from mmrs.models.layers import MAP_FUSIONS, MapFusion, MetaModalityAttention, fuse_maps
from mmrs.registry import MODELS

FUSIONS = (*MAP_FUSIONS, 'mma', 'none')
DEFAULT_BANDS = {'rgb': (0, 1, 2), 'sar': (3,)}


@MODELS.register_module()
class DualSwinV2(BaseModule):
    """MaRS encoders, one a modality, whose maps are fused stage by stage.

    Images are stacked channels, so that every host's segmentor and detector works unchanged, and a band map tells
    which belong to whom. A modality that is not there is left out: its encoder does not run.

    Args:
        size: See :class:`mmrs.models.MaRS`; the same for all encoders.
        bands: Channels of each modality in the stack, in the order of its weights, such as
            ``dict(rgb=(0, 1, 2), sar=(3,))``. Leave a modality out to build the other branch alone. Names other than
            ``'rgb'`` and ``'sar'`` are allowed.
        in_channels: Channels of the stack; None: the highest of ``bands`` and one.
        fusion: ``'sum'`` (as published for detection), ``'mean'``, ``'concat'``, ``'mma'`` (Meta-Modality Attention
            between the normalised maps of the last stage, then the sum), or ``'none'``: a dict of tuples of maps, for
            :class:`mmrs.models.MetaModalityNeck` or a head of yours.
        modality_dropout: Probability that one modality, drawn for the whole batch, is left out in a training step.
            With DDP set ``find_unused_parameters=True``: the branch that is left out gets no gradients.
        mma: Options of :class:`mmrs.models.layers.MetaModalityAttention` for ``fusion='mma'``.
        weights: Checkpoint of each modality, as for ``mmrs.Pretrained``, such as ``dict(rgb='mars-base-rgb')``.
        init_cfg: Initialisation config of mmengine.
        **encoder: Options of every encoder, see :class:`mmrs.models.SwinV2`.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        size: str | dict[str, Any] = 'base',
        bands: Mapping[str, Sequence[int]] | None = None,
        in_channels: int | None = None,
        fusion: Literal['sum', 'mean', 'concat', 'mma', 'none'] = 'sum',
        modality_dropout: float = 0.0,
        mma: dict[str, Any] | None = None,
        weights: Mapping[str, str] | None = None,
        init_cfg: dict | list[dict] | None = None,
        **encoder: Any,
    ) -> None:
        super().__init__(copy.deepcopy(init_cfg))
        self.bands = {name: tuple(indices) for name, indices in (bands or DEFAULT_BANDS).items()}
        self.fusion, self.modality_dropout = fusion, modality_dropout
        self._check_options(in_channels, weights or {}, mma)
        self.in_channels = in_channels or 1 + max(max(indices) for indices in self.bands.values())
        self.modalities = tuple(self.bands)
        self.encoders = ModuleDict(
            {name: self._encoder(name, size, (weights or {}).get(name), encoder) for name in self.bands}
        )
        first = self.encoders[self.modalities[0]]
        assert isinstance(first, MaRS)
        widths = [first.arch.widths[stage] for stage in first.out_indices]
        self.out_channels = [width * (len(self.bands) if fusion == 'concat' else 1) for width in widths]
        self.mma = MetaModalityAttention(widths[-1], **(mma or {})) if fusion == 'mma' else None

    def _check_options(self, in_channels: int | None, weights: Mapping[str, str], mma: dict | None) -> None:
        indices = [index for part in self.bands.values() for index in part]
        within = range(in_channels if in_channels is not None else 1 + max(indices, default=0))
        rules: list[tuple[str, object, bool, str]] = [
            (
                'bands',
                self.bands,
                bool(self.bands) and all(self.bands.values()) and set(indices) <= set(within),
                f'channels from 0 to {len(within) - 1} for each of one or more modalities',
            ),
            ('fusion', self.fusion, self.fusion in FUSIONS, f'one of {FUSIONS}'),
            ('modality_dropout', self.modality_dropout, 0 <= self.modality_dropout <= 1, 'from 0 to 1'),
            ('mma', mma, mma is None or self.fusion == 'mma', "options for fusion='mma' only"),
            ('weights', list(weights), set(weights) <= set(self.bands), f'modalities of bands: {list(self.bands)}'),
        ]
        for name, value, good, expected in rules:
            if not good:
                raise ConfigError(name, repr(value), expected, 'Correct the backbone entry of the config.')

    def _encoder(self, name: str, size: str | dict[str, Any], weights: str | None, options: dict[str, Any]) -> MaRS:
        trained = name if name in CHANNELS else 'rgb'
        options = {'final_norm': 'last' if self.fusion == 'mma' else 'none', **options}
        encoder = MaRS(size, modality=trained, in_channels=len(self.bands[name]), **options)
        start_from(encoder, weights)
        return encoder

    def set_modalities(self, names: Sequence[str] | None) -> None:
        """Says which modalities images have from now on, for inference where a sensor is missing.

        Stacked images then hold all channels, of which the others' are ignored, or only the channels of these.

        Args:
            names: Some of the modalities of ``bands``; None: all of them.

        Raises:
            ConfigError: There are none, or one is unknown.
        """
        chosen = tuple(self.bands) if names is None else tuple(name for name in self.bands if name in names)
        if not chosen or (names is not None and set(names) - set(self.bands)):
            fix = 'Name one or more of them.'
            raise ConfigError('modalities', f'{list(names or ())}', f'some of {list(self.bands)}', fix)
        self.modalities = chosen

    def split(self, images: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Takes a stack, or images by modality, apart into the images of the modalities that are present.

        Raises:
            ConfigError: The channels contradict the band map, or no modality is present.
        """
        if isinstance(images, Mapping):
            present = {name: images[name] for name in self.modalities if images.get(name) is not None}
            if not present or set(images) - set(self.bands):
                found = f'modalities {sorted(images)}' if images else 'no modality'
                fix = 'Leave out a modality that is missing, but give at least one.'
                raise ConfigError('images', found, f'one or more of {list(self.modalities)}', fix)
            return present
        channels = images.shape[1]
        if channels == self.in_channels:
            return {name: _take(images, self.bands[name]) for name in self.modalities}
        alone = [len(self.bands[name]) for name in self.modalities]
        if len(self.modalities) < len(self.bands) and channels == sum(alone):
            return dict(zip(self.modalities, images.split(alone, dim=1), strict=True))
        fix = 'Correct bands of the backbone or the bands that the dataset loads; a missing modality: set_modalities().'
        raise ConfigError('images', f'{channels} channels', f'{self.in_channels}, as in {self.bands}', fix)

    def forward(self, images: Tensor | Mapping[str, Tensor]) -> tuple[Tensor, ...] | dict[str, tuple[Tensor, ...]]:
        """Computes the fused feature maps of a batch.

        Args:
            images: (B, in_channels, H, W), normalised, or such a tensor for each modality that is present.

        Returns:
            One map (B, C, rows, columns) per out index; a dict of them by modality for ``fusion='none'``.

        Raises:
            ConfigError: The images do not fit the band map or the encoders, or no modality is present.
        """
        present = self._drop(self.split(images))
        maps = {name: self.encoders[name](image) for name, image in present.items()}
        if self.fusion == 'none':
            return maps
        if self.mma is not None:
            attended = self.mma.forward_maps([stages[-1] for stages in maps.values()])
            maps = {name: (*maps[name][:-1], last) for name, last in zip(maps, attended, strict=True)}
        how = 'sum' if self.mma is not None else cast(MapFusion, self.fusion)
        return fuse_maps(maps, tuple(self.bands), how)

    def adapt_state_dict(self, state_dict: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
        """Takes the encoders and the attention of this model out of a MaRS pre-training checkpoint.

        Args:
            state_dict: Tensors by name; anything else than such a checkpoint stays as it is.

        Returns:
            A shallow copy that can be loaded, and no names: nothing is changed in the tensors.
        """
        parts = {f'encoder_{name}.encoder.': f'encoders.{name}.' for name in self.bands}
        parts |= {'alternating_attn.': 'mma.'} if self.mma is not None else {}
        if not any(name.startswith(tuple(parts)) for name in state_dict):
            return dict(state_dict), []
        found = {
            ours + name[len(theirs) :]: value
            for name, value in state_dict.items()
            for theirs, ours in parts.items()
            if name.startswith(theirs)
        }
        own = self.state_dict().keys()
        return {name: value for name, value in found.items() if name in own}, []

    def _drop(self, present: dict[str, Tensor]) -> dict[str, Tensor]:
        if not (self.training and self.modality_dropout) or len(present) == 1:
            return present
        if torch.rand(()).item() >= self.modality_dropout:
            return present
        lost = list(present)[int(torch.randint(len(present), ()).item())]
        return {name: image for name, image in present.items() if name != lost}


def _take(images: Tensor, indices: tuple[int, ...]) -> Tensor:
    """Picks channels; neighbours without a copy."""
    if indices == tuple(range(indices[0], indices[0] + len(indices))):
        return images[:, indices[0] : indices[0] + len(indices)]
    return images[:, list(indices)]
