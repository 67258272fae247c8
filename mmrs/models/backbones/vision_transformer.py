"""Plain vision transformer in the DINOv2 layout, independent of any host package."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from timm.layers import PatchEmbed
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmrs.errors import ConfigError
from mmrs.models.backbones._vit_parts import drop_path_rates, fit_pos_embed, pair, resolve_indices
from mmrs.models.layers import POS_EMBED_MODES, DropPathBranches, PosEmbedMode, ViTBlock, resize_pos_embed, to_stride

OUT_TYPES = ('featmap', 'cls_token', 'tokens')
FINAL_NORMS = ('last', 'all', 'none')


@dataclass(frozen=True)
class ViTArch:
    """Shape of a plain vision transformer.

    Attributes:
        embed_dims: Width of the tokens.
        num_layers: Number of blocks.
        num_heads: Attention heads of a block.
        mlp_ratio: Hidden width of the feed-forward layer over ``embed_dims``; nominal for SwiGLU.
        ffn: ``'mlp'`` or ``'swiglu'``.
    """

    embed_dims: int
    num_layers: int
    num_heads: int
    mlp_ratio: float = 4.0
    ffn: Literal['mlp', 'swiglu'] = 'mlp'

    def __post_init__(self) -> None:
        if self.embed_dims % self.num_heads:
            raise ConfigError('num_heads', f'{self.num_heads}', f'a divisor of {self.embed_dims}', 'Change either.')
        if self.ffn not in ('mlp', 'swiglu'):
            raise ConfigError('ffn', repr(self.ffn), "'mlp' or 'swiglu'", 'Correct the name.')


class VisionTransformer(nn.Module):
    """Pre-norm ViT with a class token, learned positions and optional LayerScale.

    Images of any size are taken: they are padded with zeros on the right and at the bottom to whole patches, and the
    position embedding is resized to their grid. Blocks after the last one of ``out_indices`` are kept, so that
    checkpoints load in full, but neither run nor train: DDP needs no search for unused parameters.

    Args:
        arch: Shape of the network.
        img_size: Height and width in pixels that the position embedding is made for, or one number for both.
        patch_size: Side of a patch in pixels.
        in_channels: Number of image channels.
        out_indices: Blocks to return the output of, from 0; negative ones count from the end.
        out_type: ``'featmap'`` returns maps (B, C, rows, columns), ``'cls_token'`` vectors (B, C), ``'tokens'`` the
            whole sequences (B, class + register + patch tokens, C).
        out_strides: Strides in pixels, one per out index, to which feature maps are resampled (bilinear, no
            parameters), for hosts whose necks or anchors expect a pyramid such as (4, 8, 16, 32). None keeps
            ``patch_size``.
        final_norm: ``'last'`` normalises the output of the last block only (mmpretrain, CGEarthEye), ``'all'`` every
            output (DINOv2), ``'none'`` has no final norm.
        with_cls_token: Whether a class token is part of the sequence.
        num_register_tokens: Register tokens between the class token and the patches.
        with_mask_token: Whether ``forward`` accepts masks (pre-training).
        pos_embed_mode: See :func:`mmrs.models.layers.resize_pos_embed`.
        layer_scale_init: Initial LayerScale value; None leaves LayerScale out.
        drop_path_rate: Highest stochastic depth rate.
        drop_path_rule: ``'linear'`` grows from 0 to the rate over the blocks, ``'uniform'`` is the same everywhere.
        drop_path_branches: See :class:`mmrs.models.layers.ViTBlock`.
        drop_rate: Dropout after the positions, the attention projection and inside the feed-forward layers.
        patch_bias: Whether the patch embedding has a bias (mmsegmentation's ViT has none).
        frozen_stages: -1 trains everything, 0 freezes the embeddings, k also the first k blocks, the number of blocks
            the final norm too. What is frozen takes no gradient, keeps no graph (also none back to the image), stays
            in eval mode and drops no path.
        frozen_dtype: ``'bfloat16'`` stores and runs the frozen embeddings and blocks in that type. Outputs stay in
            the type of the images, the final norm in float32.
        frozen_drop_path: Reproduces the original's oversight: frozen blocks keep dropping paths in training.
        with_cp: Recomputes the trained blocks in the backward pass instead of storing their activations.

    Raises:
        ConfigError: An option is out of range or does not go with another.
    """

    def __init__(
        self,
        arch: ViTArch,
        img_size: int | Sequence[int] = 518,
        patch_size: int = 14,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        out_type: Literal['featmap', 'cls_token', 'tokens'] = 'featmap',
        out_strides: Sequence[float] | None = None,
        final_norm: Literal['last', 'all', 'none'] = 'last',
        with_cls_token: bool = True,
        num_register_tokens: int = 0,
        with_mask_token: bool = False,
        pos_embed_mode: PosEmbedMode = 'size',
        layer_scale_init: float | None = 1e-5,
        drop_path_rate: float = 0.0,
        drop_path_rule: Literal['linear', 'uniform'] = 'linear',
        drop_path_branches: DropPathBranches = 'both',
        drop_rate: float = 0.0,
        patch_bias: bool = True,
        frozen_stages: int = -1,
        frozen_dtype: Literal['bfloat16'] | None = None,
        frozen_drop_path: bool = False,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.arch, self.embed_dims, self.num_layers = arch, arch.embed_dims, arch.num_layers
        self.patch_size, self.in_channels, self.img_size = patch_size, in_channels, pair(img_size)
        self.out_indices = resolve_indices(out_indices, arch.num_layers)
        self.num_running = self.out_indices[-1] + 1
        self.out_type, self.out_strides, self.final_norm = out_type, out_strides, final_norm
        self.pos_embed_mode: PosEmbedMode = pos_embed_mode
        self.frozen_stages, self.frozen_drop_path, self.with_cp = frozen_stages, frozen_drop_path, with_cp
        self.num_prefix_tokens = int(with_cls_token) + num_register_tokens
        self._check_options(with_cls_token, frozen_dtype)
        self._build_embedding(with_cls_token, num_register_tokens, with_mask_token, patch_bias)
        self.drop = nn.Dropout(drop_rate)
        self.blocks = nn.ModuleList(
            self._block(layer_scale_init, rate, drop_path_branches, drop_rate)
            for rate in drop_path_rates(drop_path_rate, arch.num_layers, drop_path_rule)
        )
        self.norm = nn.Identity() if final_norm == 'none' else nn.LayerNorm(arch.embed_dims, eps=1e-6)
        self._initialise()
        self._freeze(None if frozen_dtype is None else getattr(torch, frozen_dtype))

    def _build_embedding(
        self, with_cls_token: bool, num_register_tokens: int, with_mask_token: bool, bias: bool
    ) -> None:
        dim = self.embed_dims
        # strict_img_size and dynamic_img_pad: any size, padded on the right and at the bottom
        self.patch_embed = PatchEmbed(
            None, self.patch_size, self.in_channels, dim, bias=bias, strict_img_size=False, dynamic_img_pad=True
        )
        self.grid_size = self._grid(self.img_size)
        self.pos_embed = nn.Parameter(torch.zeros(1, int(with_cls_token) + math.prod(self.grid_size), dim))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim)) if with_cls_token else None
        self.register_tokens = nn.Parameter(torch.zeros(1, num_register_tokens, dim)) if num_register_tokens else None
        self.mask_token = nn.Parameter(torch.zeros(1, dim)) if with_mask_token else None

    def _block(
        self, layer_scale_init: float | None, drop_path: float, branches: DropPathBranches, drop: float
    ) -> ViTBlock:
        a = self.arch
        return ViTBlock(
            a.embed_dims, a.num_heads, a.mlp_ratio, a.ffn, layer_scale_init, drop_path, branches, drop_rate=drop
        )

    def _check_options(self, with_cls_token: bool, frozen_dtype: str | None) -> None:
        rules = [
            ('out_type', self.out_type, self.out_type in OUT_TYPES, f'one of {OUT_TYPES}'),
            (
                'pos_embed_mode',
                self.pos_embed_mode,
                self.pos_embed_mode in POS_EMBED_MODES,
                f'one of {POS_EMBED_MODES}',
            ),
            ('final_norm', self.final_norm, self.final_norm in FINAL_NORMS, f'one of {FINAL_NORMS}'),
            ('out_type', self.out_type, with_cls_token or self.out_type != 'cls_token', 'with_cls_token=True'),
            ('frozen_stages', self.frozen_stages, -1 <= self.frozen_stages <= self.num_layers, 'from -1 to num_layers'),
            ('frozen_dtype', frozen_dtype, frozen_dtype in (None, 'bfloat16'), "None or 'bfloat16'"),
            (
                'frozen_dtype',
                frozen_dtype,
                frozen_dtype is None or self.frozen_stages >= 0,
                'frozen_stages of 0 or more',
            ),
            ('img_size', self.img_size, min(self.img_size) >= self.patch_size, f'{self.patch_size} pixels or more'),
            (
                'out_strides',
                self.out_strides,
                self.out_strides is None
                or (self.out_type == 'featmap' and len(self.out_strides) == len(self.out_indices)),
                "out_type='featmap' and one stride per out index",
            ),
        ]
        for name, value, good, expected in rules:
            if not good:
                raise ConfigError(name, repr(value), expected, 'Correct the backbone entry of the config.')

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for token in (self.cls_token, self.register_tokens):
            if token is not None:
                nn.init.normal_(token, std=1e-6)

    def _frozen_modules(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        return [self.patch_embed, self.drop, *self.blocks[: self.frozen_stages]]

    def _freeze(self, dtype: torch.dtype | None) -> None:
        unused: list[nn.Module] = [*self.blocks[self.num_running :]]
        norm_runs = self.final_norm == 'all' or self.num_running == self.num_layers
        if not norm_runs or self.frozen_stages == self.num_layers:
            unused.append(self.norm)
        frozen = self._frozen_modules()
        tokens = [*self.parameters(recurse=False)] if self.frozen_stages >= 0 else []
        for module in unused + frozen:
            module.requires_grad_(False)
        for token in tokens:
            token.requires_grad_(False)
        if dtype is not None:
            for module in frozen:
                module.to(dtype)
            for token in tokens:
                token.data = token.data.to(dtype)
        self.train(self.training)

    def train(self, mode: bool = True) -> VisionTransformer:
        """Sets the mode of what is trained; frozen parts stay in eval mode (unless ``frozen_drop_path``)."""
        super().train(mode)
        if not self.frozen_drop_path:
            for module in self._frozen_modules():
                module.eval()
        return self

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        return math.ceil(size[0] / self.patch_size), math.ceil(size[1] / self.patch_size)

    def forward(self, images: Tensor, masks: Tensor | None = None) -> tuple[Tensor, ...]:
        """Computes the features of a batch.

        Args:
            images: (B, in_channels, H, W), normalised, H and W at least one patch.
            masks: (B, patches) bool, True where a patch is replaced by the mask token.

        Returns:
            One tensor per out index, in ``out_type`` and in the floating type of ``images``.

        Raises:
            ConfigError: The channel count, the image size or ``masks`` do not fit the model.
        """
        self._check_images(images)
        if masks is not None and self.mask_token is None:
            raise ConfigError('masks', 'a mask', 'a model with a mask token', 'Set with_mask_token=True.')
        return self._encode(images, masks)

    def forward_crops(
        self, images: Sequence[Tensor], masks: Sequence[Tensor | None], packed: bool = False
    ) -> list[Tensor]:
        """Tokens of several batches of different image sizes, for self-distillation.

        Args:
            images: (B, in_channels, H, W) each.
            masks: (B, patches) bool or None for each.
            packed: Run the blocks once for all tokens instead of once a batch; stochastic depth then draws which
                images to compute. See :meth:`mmrs.models.layers.ViTBlock.forward_packed`.

        Returns:
            (B, tokens, embed_dims) each, normalised, the class token first.

        Raises:
            ConfigError: A batch or mask does not fit, or the model is frozen in part or gives no last tokens.
        """
        last_tokens = self.out_type == 'tokens' and self.out_indices == (self.num_layers - 1,)
        if self.frozen_stages >= 0 or not last_tokens or self.final_norm == 'none':
            found = f'frozen_stages={self.frozen_stages}, out_type={self.out_type!r}, final_norm={self.final_norm!r}'
            expected = "nothing frozen, out_type='tokens' of the last block, normalised"
            raise ConfigError('backbone', found, expected, 'Correct the backbone entry of the config.')
        if packed and type(self)._after_block is not VisionTransformer._after_block:
            fix = 'Set packed=False.'
            raise ConfigError('packed', f'a {type(self).__name__}, which acts between blocks', 'a plain ViT', fix)
        if not packed:
            return [self(image, mask)[0] for image, mask in zip(images, masks, strict=True)]
        parts = []
        for image, mask in zip(images, masks, strict=True):
            self._check_images(image)
            parts.append(self._embed(image, mask))
        groups = [(part.shape[0], part.shape[1]) for part in parts]
        tokens = torch.cat([part.flatten(0, 1) for part in parts])
        for block in self.blocks:
            assert isinstance(block, ViTBlock)
            if self.with_cp and self.training and torch.is_grad_enabled():
                tokens = checkpoint(block.forward_packed, tokens, groups, use_reentrant=False)
            else:
                tokens = block.forward_packed(tokens, groups)
        tokens = self.norm(tokens).to(images[0].dtype)
        split = tokens.split([count * length for count, length in groups])
        return [part.unflatten(0, group) for part, group in zip(split, groups, strict=True)]

    def _encode(self, images: Tensor, *extras: Tensor | None) -> tuple[Tensor, ...]:
        """Embeds, runs the blocks (the frozen ones without a graph) and formats; ``extras`` go to ``_embed``."""
        frozen = min(self.frozen_stages, self.num_running)
        outputs: list[Tensor] = []
        grid = self._grid((images.shape[2], images.shape[3]))
        if frozen < 0:
            tokens = self._embed(images, *extras)
        else:
            stored = self.pos_embed.dtype
            as_stored = torch.autocast(images.device.type, enabled=False) if stored != images.dtype else nullcontext()
            with torch.no_grad(), as_stored:
                tokens = self._embed(images.to(stored), *extras)
                tokens = self._run(tokens, 0, frozen, outputs, grid)
        tokens = self._run(tokens.to(images.dtype), max(frozen, 0), self.num_running, outputs, grid)
        return tuple(
            self._format(index, output.to(images.dtype), images)
            for index, output in zip(self.out_indices, outputs, strict=True)
        )

    def _check_images(self, images: Tensor) -> None:
        channels, height, width = images.shape[1:]
        if channels != self.in_channels:
            fix = 'Set in_channels of the backbone, or the bands that the dataset loads.'
            raise ConfigError('image', f'{channels} channels', f'{self.in_channels}', fix)
        if min(height, width) < self.patch_size:
            fix = 'Use larger tiles, or a smaller patch_size.'
            raise ConfigError('image', f'{height} x {width} pixels', f'{self.patch_size} or more each way', fix)

    def _embed(self, images: Tensor, masks: Tensor | None = None) -> Tensor:
        grid = self._grid((images.shape[2], images.shape[3]))
        tokens = self.patch_embed(images)
        if masks is not None and self.mask_token is not None:
            tokens = torch.where(masks.unsqueeze(-1), self.mask_token.to(tokens.dtype), tokens)
        prefix = 0 if self.cls_token is None else 1
        if self.cls_token is not None:
            tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = self.drop(tokens + resize_pos_embed(self.pos_embed, prefix, self.grid_size, grid, self.pos_embed_mode))
        if self.register_tokens is not None:  # they have no position
            registers = self.register_tokens.expand(len(tokens), -1, -1)
            tokens = torch.cat([tokens[:, :prefix], registers, tokens[:, prefix:]], dim=1)
        return tokens

    def _run(self, tokens: Tensor, start: int, stop: int, outputs: list[Tensor], grid: tuple[int, int]) -> Tensor:
        for index in range(start, stop):
            block = self.blocks[index]
            if self.with_cp and self.training and torch.is_grad_enabled():
                tokens = checkpoint(block, tokens, use_reentrant=False)
            else:
                tokens = block(tokens)
            tokens = self._after_block(index, tokens, grid)
            if index in self.out_indices:
                outputs.append(tokens)
        return tokens

    def _after_block(self, index: int, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """What a subclass does between blocks; ``grid`` is the image's rows and columns of patches."""
        return tokens

    def _format(self, index: int, tokens: Tensor, images: Tensor) -> Tensor:
        if self.final_norm == 'all' or index == self.num_layers - 1:
            tokens = self.norm(tokens)
        if self.out_type == 'tokens':
            return tokens
        if self.out_type == 'cls_token':
            return tokens[:, 0]
        size = (images.shape[2], images.shape[3])
        patches = tokens[:, self.num_prefix_tokens :].transpose(1, 2)
        rows = self._grid(size)[0]  # and not the columns: a subclass may put another grid beside the image's
        feature = patches.unflatten(2, (rows, patches.shape[2] // rows)).contiguous()
        if self.out_strides is None:
            return feature
        return to_stride(feature, self.patch_size, self.out_strides[self.out_indices.index(index)], size)

    def adapt_state_dict(self, state_dict: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
        """Resizes the position embedding of a checkpoint to this model's grid and class-token slot.

        Nothing else is touched: keys that are missing or too many stay so, for the loader to report.

        Args:
            state_dict: Keys of this backbone, without prefix.

        Returns:
            A shallow copy that can be loaded, and the names that were resized.

        Raises:
            ConfigError: The checkpoint's positions form no square grid, or have another width.
        """
        adapted = dict(state_dict)
        found = adapted.get('pos_embed')
        if found is None or found.shape == self.pos_embed.shape:
            return adapted, []
        adapted['pos_embed'] = fit_pos_embed(
            found, self.embed_dims, self.grid_size, self.cls_token is not None, self.pos_embed_mode
        )
        return adapted, ['pos_embed']

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay, as mmpretrain's constructor asks for it.

        Args:
            param_name: Name of the parameter in the whole model.
            prefix: Where this backbone sits in it, such as ``'backbone.'``.

        Returns:
            Depth (0: embeddings, 1 to num_layers: blocks, num_layers + 1: all that follows) and number of depths.
        """
        number = self.num_layers + 2
        name = param_name.removeprefix(prefix)
        if not param_name.startswith(prefix) or name.startswith('norm.'):
            return number - 1, number
        if name.startswith('blocks.'):
            return int(name.split('.')[1]) + 1, number
        return 0, number
