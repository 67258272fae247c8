"""Swin Transformer V2 as a backbone of every host (arXiv 2111.09883), for images of any size."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from mmrs.errors import ConfigError
from mmrs.models.backbones._vit_parts import drop_path_rates, resolve_indices
from mmrs.models.layers import WINDOW_RULES, MergeOrder, PatchMerging, SwinBlockV2, WindowRule
from mmrs.registry import MODELS
from mmrs.weights.channels import ChannelRule, adapt_input_channels

KERNEL = 'patch_embed.proj.weight'
# Rule, channels of the released kernel, and of the one that it makes.
FITTED = {'sum': (None, 1), 'nir-from-red': (3, 4)}
FINAL_NORMS = ('none', 'last', 'all')


@dataclass(frozen=True)
class SwinArch:
    """Shape of a Swin Transformer V2.

    Attributes:
        embed_dims: Width of the first stage; every later stage doubles it.
        depths: Blocks of each stage.
        num_heads: Attention heads of each stage.
        extra_norm_every: Every how many blocks of a stage one ends with a norm on the trunk; 0: none does.
    """

    embed_dims: int
    depths: Sequence[int] = (2, 2, 18, 2)
    num_heads: Sequence[int] = (4, 8, 16, 32)
    extra_norm_every: int = 0

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.num_heads) or not self.depths:
            found = f'{len(self.num_heads)} numbers for {len(self.depths)} stages'
            raise ConfigError('num_heads', found, 'one number for each stage', 'Correct the arch.')
        for width, heads in zip(self.widths, self.num_heads, strict=True):
            if width % heads:
                raise ConfigError('num_heads', f'{heads}', f'a divisor of {width}', 'Change either.')

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each stage."""
        return tuple(self.embed_dims * 2**stage for stage in range(len(self.depths)))


ARCHS = {
    'tiny': SwinArch(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    'small': SwinArch(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    'base': SwinArch(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    'large': SwinArch(192, (2, 2, 18, 2), (6, 12, 24, 48)),
    'huge': SwinArch(352, (2, 2, 18, 2), (8, 16, 32, 64), extra_norm_every=6),
    'giant': SwinArch(512, (2, 2, 42, 4), (16, 32, 64, 128), extra_norm_every=6),
}


def resolve_arch(arch: str | dict[str, Any] | SwinArch) -> SwinArch:
    """Returns the shape that a config names or spells out.

    Raises:
        ConfigError: The name is unknown, or the dict does not describe a shape.
    """
    if isinstance(arch, SwinArch):
        return arch
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ConfigError('arch', repr(arch), f'one of {list(ARCHS)} or a dict', 'Correct the backbone entry.')
        return ARCHS[arch]
    try:
        return SwinArch(**arch)
    except TypeError as error:
        expected = f'a dict with keys among {list(SwinArch.__dataclass_fields__)}'
        raise ConfigError('arch', f'{arch} ({error})', expected, 'Correct the backbone entry.') from error


class SwinPatchEmbed(nn.Module):
    """Convolution of one patch to one token, and a norm. Images are padded on the right and at the bottom.

    Args:
        in_channels: Number of image channels.
        embed_dims: Width of the tokens.
        patch_size: Side of a patch in pixels.
    """

    def __init__(self, in_channels: int, embed_dims: int, patch_size: int = 4) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.proj = nn.Conv2d(in_channels, embed_dims, patch_size, patch_size)
        self.norm = nn.LayerNorm(embed_dims)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images (B, C, H, W) to tokens (B, rows, columns, embed_dims)."""
        below, right = -images.shape[2] % self.patch_size, -images.shape[3] % self.patch_size
        if below or right:
            images = functional.pad(images, (0, right, 0, below))
        return self.norm(self.proj(images).permute(0, 2, 3, 1).contiguous())


class SwinStage(nn.Module):
    """Patch merging, but for the first stage, and blocks of which every other one is shifted.

    Args:
        downsample: Patch merging, or an identity.
        blocks: Blocks in order.
    """

    def __init__(self, downsample: nn.Module, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.downsample = downsample
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor, with_cp: bool = False) -> Tensor:
        """Maps tokens (B, H, W, C) to (B, H / 2, W / 2, 2 C), or to the same shape in the first stage."""
        x = self.downsample(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if with_cp else block(x)
        return x


@MODELS.register_module()
class SwinV2(BaseModule):
    """Swin Transformer V2 for mmsegmentation, mmdetection, mmrotate and mmpretrain.

    Parameter names and arithmetic are those of timm. No parameter depends on the image or window size: images of any
    size are taken, and a checkpoint of one window loads into a model of another (then tell its window in
    ``pretrained_window_sizes``). Stages after the last of ``out_indices`` are not built.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, ``'huge'``, ``'giant'``, or the fields of a
            :class:`SwinArch` as a dict.
        in_channels: Number of image channels.
        patch_size: Side of a patch in pixels.
        window_size: Side of a window in tokens, one number or one per stage.
        pretrained_window_sizes: Side of the window that the weights were trained with, one number or one per stage;
            0: the same as ``window_size``.
        window_rule: What happens where a map does not fit the windows, see
            :func:`mmrs.models.layers.plan_windows`.
        out_indices: Stages to return the map of, from 0; negative ones count from the end.
        final_norm: ``'none'`` returns the maps as they are (timm's ``features_only``, MaRS), ``'last'`` normalises the
            map of the last stage, ``'all'`` every map.
        merge_order: See :class:`mmrs.models.layers.PatchMerging`.
        drop_path_rate: Highest stochastic depth rate; it grows linearly from 0 over the blocks.
        drop_path_before_norm: See :class:`mmrs.models.layers.SwinBlockV2`.
        channel_rule: Rule of :mod:`mmrs.weights.channels`, ``'sum'`` or ``'nir-from-red'``, that fits weights of other
            input channels when they are loaded; None: such weights do not fit.
        frozen_stages: -1 trains everything, 0 freezes the patch embedding, k also the first k stages. What is frozen
            takes no gradient, keeps no graph, stays in eval mode and drops no path.
        with_cp: Recomputes the trained blocks in the backward pass instead of storing their activations.
        init_cfg: Initialisation config of mmengine, such as ``dict(type='mmrs.Pretrained', checkpoint=...)``.

    Raises:
        ConfigError: An option is out of range or does not go with another.
    """

    def __init__(
        self,
        arch: str | dict[str, Any] | SwinArch = 'base',
        in_channels: int = 3,
        patch_size: int = 4,
        window_size: int | Sequence[int] = 8,
        pretrained_window_sizes: int | Sequence[int] = 0,
        window_rule: WindowRule = 'clip',
        out_indices: int | Sequence[int] = (0, 1, 2, 3),
        final_norm: Literal['none', 'last', 'all'] = 'none',
        merge_order: MergeOrder = 'timm',
        drop_path_rate: float = 0.1,
        drop_path_before_norm: bool = False,
        channel_rule: ChannelRule | None = None,
        frozen_stages: int = -1,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(copy.deepcopy(init_cfg))
        self.arch = resolve_arch(arch)
        self.in_channels, self.patch_size, self.window_rule = in_channels, patch_size, window_rule
        number = len(self.arch.depths)
        self.out_indices = resolve_indices(out_indices, number)
        self.num_stages = self.out_indices[-1] + 1
        self.window_sizes = self._per_stage('window_size', window_size, smallest=1)
        self.pretrained_window_sizes = self._per_stage('pretrained_window_sizes', pretrained_window_sizes, smallest=0)
        self.final_norm, self.frozen_stages, self.with_cp = final_norm, frozen_stages, with_cp
        self.channel_rule = channel_rule
        self._check_options()
        self.patch_embed = SwinPatchEmbed(in_channels, self.arch.embed_dims, patch_size)
        rates = drop_path_rates(drop_path_rate, sum(self.arch.depths), 'linear')
        self.layers = nn.ModuleList(
            self._stage(stage, rates, merge_order, drop_path_before_norm) for stage in range(self.num_stages)
        )
        self._build_norms()
        self._initialise()
        self._freeze()
        self.register_load_state_dict_pre_hook(_adapt_before_load)

    def _per_stage(self, name: str, value: int | Sequence[int], smallest: int) -> tuple[int, ...]:
        number = len(self.arch.depths)
        values = (value,) * number if isinstance(value, int) else tuple(value)
        if len(values) != number or min(values) < smallest:
            raise ConfigError(name, f'{value}', f'one number or {number}, {smallest} or more', 'Correct the entry.')
        return values

    def _check_options(self) -> None:
        rules: list[tuple[str, object, bool, str]] = [
            ('window_rule', self.window_rule, self.window_rule in WINDOW_RULES, f'one of {WINDOW_RULES}'),
            ('final_norm', self.final_norm, self.final_norm in FINAL_NORMS, f'one of {FINAL_NORMS}'),
            (
                'channel_rule',
                self.channel_rule,
                self.channel_rule is None or FITTED.get(self.channel_rule, (0, 0))[1] == self.in_channels,
                f"None, 'sum' with 1 channel or 'nir-from-red' with 4, not {self.in_channels}",
            ),
            (
                'frozen_stages',
                self.frozen_stages,
                -1 <= self.frozen_stages <= self.num_stages,
                f'from -1 to {self.num_stages}',
            ),
        ]
        for name, value, good, expected in rules:
            if not good:
                raise ConfigError(name, repr(value), expected, 'Correct the backbone entry of the config.')

    def _stage(self, stage: int, rates: list[float], order: MergeOrder, drop_path_before_norm: bool) -> SwinStage:
        arch, width = self.arch, self.arch.widths[stage]
        first = sum(arch.depths[:stage])
        blocks = [
            SwinBlockV2(
                width,
                arch.num_heads[stage],
                self.window_sizes[stage],
                shifted=index % 2 == 1,
                drop_path=rates[first + index],
                drop_path_before_norm=drop_path_before_norm,
                extra_norm=bool(arch.extra_norm_every) and (index + 1) % arch.extra_norm_every == 0,
                pretrained_window_size=self.pretrained_window_sizes[stage],
                window_rule=self.window_rule,
            )
            for index in range(arch.depths[stage])
        ]
        downsample = PatchMerging(arch.widths[stage - 1], width, order) if stage else nn.Identity()
        return SwinStage(downsample, blocks)

    def _build_norms(self) -> None:
        """The last stage's norm is called ``norm``, as in timm; those of the others, ``norm0`` and so on."""
        last = len(self.arch.depths) - 1
        for stage in self.out_indices:
            if self.final_norm == 'all' or (self.final_norm == 'last' and stage == last):
                self.add_module('norm' if stage == last else f'norm{stage}', nn.LayerNorm(self.arch.widths[stage]))

    def _norm(self, stage: int) -> nn.Module | None:
        name = 'norm' if stage == len(self.arch.depths) - 1 else f'norm{stage}'
        return getattr(self, name, None)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def _frozen_modules(self) -> list[nn.Module]:
        return [] if self.frozen_stages < 0 else [self.patch_embed, *self.layers[: self.frozen_stages]]

    def _freeze(self) -> None:
        for module in self._frozen_modules():
            module.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> SwinV2:
        """Sets the mode of what is trained; frozen parts stay in eval mode."""
        super().train(mode)
        for module in self._frozen_modules():
            module.eval()
        return self

    def check_images(self, images: Tensor) -> None:
        """Raises a ConfigError where the images do not have the channels or the pixels that the model needs."""
        channels, height, width = images.shape[1:]
        if channels != self.in_channels:
            fix = 'Set in_channels of the backbone, or the bands that the dataset loads.'
            raise ConfigError('image', f'{channels} channels', f'{self.in_channels}', fix)
        if min(height, width) < self.patch_size:
            fix = 'Use larger tiles, or a smaller patch_size.'
            raise ConfigError('image', f'{height} x {width} pixels', f'{self.patch_size} or more each way', fix)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Computes the feature maps of a batch.

        Args:
            images: (B, in_channels, H, W), normalised, H and W at least one patch.

        Returns:
            One map (B, C, rows, columns) per out index, of stride ``patch_size`` times 1, 2, 4, 8.

        Raises:
            ConfigError: The channel count or the image size do not fit the model.
        """
        self.check_images(images)
        with self._graph(self.frozen_stages >= 0):
            tokens = self.patch_embed(images)
        return self.forward_tokens(tokens)

    def forward_tokens(
        self, tokens: Tensor, after_stage: Callable[[int, Tensor], Tensor] | None = None
    ) -> tuple[Tensor, ...]:
        """Runs the stages on embedded patches (B, rows, columns, embed_dims); see :meth:`forward`.

        Args:
            tokens: Embedded patches.
            after_stage: Called with the index and the tokens (B, H, W, C) of every stage; what it returns goes on.
        """
        maps = []
        recompute = self.with_cp and self.training and torch.is_grad_enabled()
        for index, stage in enumerate(self.layers):
            frozen = index < self.frozen_stages
            with self._graph(frozen):
                tokens = stage(tokens, recompute and not frozen)
                if after_stage is not None:
                    tokens = after_stage(index, tokens)
            if index in self.out_indices:
                norm = self._norm(index)
                feature = tokens if norm is None else norm(tokens)
                maps.append(feature.permute(0, 3, 1, 2).contiguous())
        return tuple(maps)

    def adapt_state_dict(self, state_dict: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
        """Fits the input channels of a checkpoint to this model's by ``channel_rule``.

        Args:
            state_dict: Keys of this backbone, without prefix.

        Returns:
            A shallow copy that can be loaded, and the names that were changed.
        """
        adapted, kernel = dict(state_dict), state_dict.get(KERNEL)
        if self.channel_rule is None or kernel is None or kernel.shape[1] == self.in_channels:
            return adapted, []
        if kernel.shape[1] != (FITTED[self.channel_rule][0] or kernel.shape[1]):
            return adapted, []
        adapted[KERNEL] = adapt_input_channels(kernel, self.channel_rule)
        return adapted, [KERNEL]

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay.

        Args:
            param_name: Name of the parameter in the whole model.
            prefix: Where this backbone sits in it, such as ``'backbone.'``.

        Returns:
            Depth and number of depths: 0 for the patch embedding and the mask token, then the blocks one by one; patch
            merging goes with the last block of its stage (so the original), all else follows the blocks.
        """
        depths, name = self.arch.depths, param_name.removeprefix(prefix)
        number = sum(depths) + 2
        if param_name.startswith(prefix) and name.startswith('layers.'):
            parts = name.split('.')
            stage = int(parts[1])
            block = int(parts[3]) if parts[2] == 'blocks' else depths[stage] - 1
            return sum(depths[:stage]) + block + 1, number
        first = name.startswith('patch_embed.') or name.endswith('mask_token')
        return (0 if first and param_name.startswith(prefix) else number - 1), number

    @staticmethod
    def _graph(frozen: bool) -> Any:
        return torch.no_grad() if frozen else nullcontext()


def _adapt_before_load(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    assert isinstance(module, SwinV2)
    if prefix + KERNEL not in state_dict:
        return
    found = state_dict[prefix + KERNEL]
    adapted, changed = module.adapt_state_dict({KERNEL: found})
    if changed:
        shapes = f'{tuple(found.shape)} to {tuple(adapted[KERNEL].shape)}'
        text = f'{prefix}{KERNEL} of the checkpoint fitted from {shapes} ({module.channel_rule})'
        print_log(text, 'current', logging.INFO)
        state_dict[prefix + KERNEL] = adapted[KERNEL]
