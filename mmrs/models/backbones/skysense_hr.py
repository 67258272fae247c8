"""SkySense++ for high-resolution imagery: SwinV2-Huge with an annotation branch and global attention (spec 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from mmrs.errors import ConfigError
from mmrs.models.backbones.swin_v2 import SwinArch, SwinV2
from mmrs.models.layers import AnnotationEmbed, GlobalAttention, WindowAttentionV2, embed_annotations
from mmrs.registry import MODELS
from mmrs.weights.channels import ChannelRule


@MODELS.register_module()
class SkySenseHR(SwinV2):
    """Backbone of SkySense++ for optical imagery of about a metre or less.

    Without annotations it is a plain backbone. With them, ``merge_stage=k`` puts the annotation's tokens on the right
    of the image's, runs k stages over both and goes on with the mean of the two halves; 0 takes the mean before the
    first stage.

    Args:
        arch: As in :class:`mmrs.models.backbones.SwinV2`.
        in_channels: Number of image channels; the released weights are for red, green, blue.
        channel_rule: How weights of other channels are fitted to ``in_channels``: ``'sum'`` (to 1 channel) or
            ``'nir-from-red'`` (3 to 4), see :mod:`mmrs.weights.channels`. None fits nothing.
        vocabulary_size: Highest annotation id, 64 in the released weights; None leaves the annotation branch out.
        merge_stage: See above.
        annotation_std: Deviation of the annotation's tokens at the start; published: 0.02.
        match_at_start: Windows start with keys equal to queries: a token first looks at those that are like it. Our
            own, for runs from scratch: segmentation by example is learned in a fraction of the samples.
        attention_dims: Inner width of the global attention after each of the first stages; empty leaves it out.
        attention_heads: Heads of the global attention, one number or one a stage.
        attention_norm: Whether a norm follows the last global attention.
        window_rule: As in ``SwinV2``. The default is the original's: it refuses images so small that the map of a
            stage is less than a window (32 * ``window_size`` pixels), which ``'pad'`` and ``'clip'`` do not.
        drop_path_rate: As in ``SwinV2``.
        **kwargs: See :class:`mmrs.models.backbones.SwinV2`.

    Raises:
        ConfigError: An option does not fit.
    """

    #: Where this backbone sits in files that hold more than one model.
    weights_parts: ClassVar[tuple[str, ...]] = ('backbone_hr', 'backbone_gep')

    def __init__(
        self,
        arch: str | dict[str, Any] | SwinArch = 'huge',
        in_channels: int = 3,
        channel_rule: ChannelRule | None = None,
        vocabulary_size: int | None = None,
        merge_stage: int = 2,
        annotation_std: float = 0.02,
        match_at_start: bool = False,
        attention_dims: Sequence[int] = (256, 512, 1024),
        attention_heads: int | Sequence[int] = 16,
        attention_norm: bool = True,
        window_rule: str = 'mmpretrain',
        drop_path_rate: float = 0.2,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_size, self.merge_stage, self.annotation_std = vocabulary_size, merge_stage, annotation_std
        self.attention_dims, self.attention_norm = tuple(attention_dims), attention_norm
        number = len(self.attention_dims)
        heads = (attention_heads,) * number if isinstance(attention_heads, int) else tuple(attention_heads)
        if len(heads) != number:
            raise ConfigError('attention_heads', f'{heads}', f'one number or {number}', 'Correct the backbone entry.')
        self.attention_heads = heads
        original = {'merge_order': 'unfold', 'final_norm': 'all', 'drop_path_before_norm': True}
        options: dict[str, Any] = {**original, 'window_rule': window_rule, 'drop_path_rate': drop_path_rate, **kwargs}
        super().__init__(arch, in_channels, channel_rule=channel_rule, **options)
        if match_at_start:
            for module in self.modules():
                if isinstance(module, WindowAttentionV2):
                    query, key, _ = module.qkv.weight.data.chunk(3)
                    key.copy_(query)

    def _check_options(self) -> None:
        super()._check_options()
        stages = self.num_stages
        if self.vocabulary_size is not None and not 0 <= self.merge_stage <= stages:
            raise ConfigError('merge_stage', f'{self.merge_stage}', f'0 to {stages}', 'Correct the backbone entry.')
        if len(self.attention_dims) > len(self.arch.depths):
            expected = f'at most {len(self.arch.depths)} widths, one a stage'
            raise ConfigError('attention_dims', f'{self.attention_dims}', expected, 'Correct the backbone entry.')

    def _build_norms(self) -> None:
        super()._build_norms()
        # called 1, 2, 3 as in the released files
        self.global_attention = nn.ModuleDict(
            {
                str(stage + 1): GlobalAttention(self.arch.widths[stage], dim, heads)
                for stage, (dim, heads) in enumerate(zip(self.attention_dims, self.attention_heads, strict=True))
                if stage < self.num_stages
            }
        )
        last = len(self.attention_dims) - 1
        if self.attention_norm and 0 <= last < self.num_stages:
            self.norm_attn = nn.LayerNorm(self.arch.widths[last])
        self.annotation = None
        if self.vocabulary_size is not None:
            self.annotation = AnnotationEmbed(
                self.arch.embed_dims, self.vocabulary_size, self.patch_size, self.annotation_std
            )

    def _frozen_modules(self) -> list[nn.Module]:
        frozen = super()._frozen_modules()
        if frozen and self.annotation is not None:
            frozen.append(self.annotation)
        frozen += [module for name, module in self.global_attention.items() if int(name) <= self.frozen_stages]
        if 0 < len(self.attention_dims) <= self.frozen_stages and self.attention_norm:
            frozen.append(self.norm_attn)
        return frozen

    def forward(
        self, images: Tensor, annotations: Tensor | None = None, masks: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Computes the feature maps of a batch.

        Args:
            images: (B, channels, H, W), normalised.
            annotations: (B, H, W) ids from 0 to ``vocabulary_size``, or None.
            masks: (B, patch rows, patch columns), nonzero where the annotation is hidden, or None.

        Returns:
            One map (B, C, rows, columns) per out index; before the merge, twice as wide: image, then annotation.

        Raises:
            ConfigError: The images, annotations or masks do not fit the model.
        """
        self.check_images(images)
        with self._graph(self.frozen_stages >= 0):
            tokens = self.patch_embed(images)
            notes = embed_annotations(self.annotation, images, annotations, masks)
            if notes is not None:
                tokens = self._join(tokens, notes.view(tokens.shape))
        double = notes is not None and self.merge_stage > 0
        return self.forward_tokens(tokens, partial(self._after_stage, double=double))

    def _join(self, tokens: Tensor, notes: Tensor) -> Tensor:
        if self.merge_stage == 0:
            return (tokens + notes) / 2
        # Patch merging must not join the last column of one half with the first of the other.
        right = -tokens.shape[2] % 2 ** (self.merge_stage - 1)
        return torch.cat([functional.pad(half, (0, 0, 0, right)) for half in (tokens, notes)], dim=2)

    def _after_stage(self, index: int, tokens: Tensor, double: bool) -> Tensor:
        if double and index == self.merge_stage - 1:
            tokens = tokens.unflatten(2, (2, -1)).mean(dim=2)
        name = str(index + 1)
        if name not in self.global_attention:
            return tokens
        attention, x = self.global_attention[name], tokens.flatten(1, 2)
        recompute = self.with_cp and self.training and torch.is_grad_enabled()
        x = x + (checkpoint(attention, x, use_reentrant=False) if recompute else attention(x))
        if self.attention_norm and index == len(self.attention_dims) - 1:
            x = self.norm_attn(x)
        return x.view(tokens.shape)
