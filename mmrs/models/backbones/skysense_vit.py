"""SkySense++ for Sentinel-2 and Sentinel-1: ViT-L with an annotation branch (specification, section 2.4)."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrs.errors import ConfigError
from mmrs.geo.sensors import SENSORS
from mmrs.models.backbones.vision_transformer import VisionTransformer, ViTArch
from mmrs.models.layers import AnnotationEmbed, beside, embed_annotations, merge_halves, resize_pos_embed
from mmrs.models.layers.date_fusion import split_dates
from mmrs.registry import MODELS
from mmrs.weights.channels import adapt_input_channels, check_subset

SIZES = {'large': ViTArch(1024, 24, 16)}
KERNEL = 'patch_embed.proj.weight'


class SkySenseViT(VisionTransformer, BaseModule):
    """Pre-norm ViT without class token that may read an annotation map beside the image.

    Without annotations it is a plain backbone. With them, ``merge_stage=k`` puts the annotation's tokens on the right
    of the image's, runs k blocks over both and goes on with the mean of the two halves; 0 takes the mean before the
    first block. Positions are resized to the grid that they are added to, so the halves get different ones.

    Any image size is taken, padded as in :class:`mmrs.models.backbones.VisionTransformer`; annotations are padded with
    background.

    Args:
        size: ``'large'``, or the fields of a :class:`mmrs.models.backbones.ViTArch` as a dict.
        bands: Bands of the input in their order, a subset of the sensor's; None is all of them. Released weights are
            fitted to a subset by the rule ``'select'`` of :mod:`mmrs.weights.channels`.
        in_channels: Number of input channels that have no names, in place of ``bands``.
        img_size: As there; 16 is the training size of SkySense++.
        patch_size: As there.
        out_indices: As there; the quarters of ViT-L by default.
        vocabulary_size: Highest annotation id, 64 in the released weights; None leaves the annotation branch out.
        merge_stage: See above.
        dates: Number of dates that images hold as channels, all bands of one after the other's. Every date is encoded
            alone: maps come as (B * dates, ...), sample by sample, for :class:`mmrs.models.DateFusionNeck`.
        init_cfg: Initialisation config of mmengine, such as ``dict(type='mmrs.Pretrained', checkpoint=...)``.
        **kwargs: See :class:`mmrs.models.backbones.VisionTransformer`. Released models have no final norm. The
            original drops paths in the feed-forward branch only: ``drop_path_branches='ffn'``.

    Raises:
        ConfigError: An option does not fit.
    """

    sensor: ClassVar[str]
    #: Where this backbone sits in files that hold more than one model.
    weights_parts: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        size: str | dict[str, Any] = 'large',
        bands: Sequence[str] | None = None,
        in_channels: int | None = None,
        img_size: int | Sequence[int] = 16,
        patch_size: int = 4,
        out_indices: int | Sequence[int] = (5, 11, 17, 23),
        vocabulary_size: int | None = None,
        merge_stage: int = 4,
        dates: int = 1,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        arch = _resolve(size)
        trained = SENSORS[self.sensor].bands
        self.bands: tuple[str, ...] | None = None if in_channels else tuple(bands or trained)
        if self.bands is not None:
            check_bands(self.bands, trained)
        if bands is not None and in_channels not in (None, len(bands)):
            raise ConfigError('in_channels', f'{in_channels}', f'{len(bands)}, one a band', 'Leave in_channels out.')
        if vocabulary_size is not None and not 0 <= merge_stage <= arch.num_layers:
            raise ConfigError('merge_stage', f'{merge_stage}', f'0 to {arch.num_layers}', 'Correct the backbone entry.')
        if dates < 1 or (dates > 1 and vocabulary_size is not None):
            expected = '1, or more without vocabulary_size'
            raise ConfigError('dates', f'{dates}', expected, 'Annotations go with one date.')
        self.merge_stage, self.vocabulary_size, self.dates = merge_stage, vocabulary_size, dates
        options = {'final_norm': 'none', 'layer_scale_init': None, 'with_cls_token': False, **kwargs}
        channels = in_channels or len(self.bands or ())
        super().__init__(arch, img_size, patch_size, channels, out_indices, **options)
        self.init_cfg = copy.deepcopy(init_cfg)
        self.register_load_state_dict_pre_hook(_adapt_before_load)

    def _build_embedding(self, *options: Any) -> None:
        super()._build_embedding(*options)
        self.annotation, self.unused_cls_token = None, None
        if self.vocabulary_size is not None:
            self.annotation = AnnotationEmbed(self.embed_dims, self.vocabulary_size, self.patch_size)
            # The released model owns a class token that it never reads: kept, so that its files round-trip in full.
            self.unused_cls_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims), requires_grad=False)

    def _initialise(self) -> None:
        super()._initialise()
        for name, parameter in self.blocks.named_parameters():
            if name.endswith('attn.qkv.weight'):
                nn.init.xavier_uniform_(parameter)
            elif name.endswith(('fc1.bias', 'fc2.bias')):
                nn.init.normal_(parameter, std=1e-6)
        nn.init.kaiming_normal_(self.patch_embed.proj.weight, mode='fan_in')
        if self.patch_embed.proj.bias is not None:
            nn.init.zeros_(self.patch_embed.proj.bias)

    def _frozen_modules(self) -> list[nn.Module]:
        frozen = super()._frozen_modules()
        return [*frozen, self.annotation] if frozen and self.annotation is not None else frozen

    def forward(  # type: ignore[override]  # the base class masks patches of the image, this one of the annotation
        self, images: Tensor, annotations: Tensor | None = None, masks: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Computes the features of a batch.

        Args:
            images: (B, dates * channels, H, W), normalised.
            annotations: (B, H, W) ids from 0 to ``vocabulary_size``, or None.
            masks: (B, patch rows, patch columns), nonzero where the annotation is hidden, or None.

        Returns:
            One map (B, C, rows, columns) per out index; before the merge, twice as wide: image, then annotation.

        Raises:
            ConfigError: The images, annotations or masks do not fit the model.
        """
        if self.dates > 1:
            images = torch.stack(split_dates(images, self.dates), dim=1).flatten(0, 1)
        self._check_images(images)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen_stages < 0):
            notes = embed_annotations(self.annotation, images, annotations, masks)
        return self._encode(images, notes)

    def _embed(self, images: Tensor, annotations: Tensor | None = None) -> Tensor:
        if annotations is None:
            return super()._embed(images)
        rows, columns = self._grid((images.shape[2], images.shape[3]))
        tokens = self.patch_embed(images)
        if self.merge_stage == 0:
            grid, tokens = (rows, columns), (tokens + annotations) / 2
        else:
            grid, tokens = (rows, 2 * columns), beside(tokens, annotations, (rows, columns))
        prefix = self.pos_embed.shape[1] - self.grid_size[0] * self.grid_size[1]
        positions = resize_pos_embed(self.pos_embed, prefix, self.grid_size, grid, self.pos_embed_mode)
        return self.drop(tokens + positions[:, prefix:])

    def _after_block(self, index: int, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        double = tokens.shape[1] == 2 * grid[0] * grid[1]
        return merge_halves(tokens, grid) if double and index == self.merge_stage - 1 else tokens

    def adapt_state_dict(self, state_dict: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
        """Fits the position embedding and the bands of a checkpoint to this model.

        Args:
            state_dict: Keys of this backbone, without prefix.

        Returns:
            A shallow copy that can be loaded, and the names that were changed.

        Raises:
            ConfigError: The checkpoint's positions form no square grid, or have another width.
        """
        adapted, changed = super().adapt_state_dict(state_dict)
        kernel, trained = adapted.get(KERNEL), SENSORS[self.sensor].bands
        # Weights that were trained on all bands are told from this model's own by their number of channels.
        if self.bands is not None and kernel is not None and self.in_channels < kernel.shape[1] == len(trained):
            adapted[KERNEL] = adapt_input_channels(kernel, 'select', trained, self.bands)
            changed = [*changed, KERNEL]
        return adapted, changed

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """As in the base class; the annotation's vocabulary counts as what follows the blocks (original recipe)."""
        name = param_name.removeprefix(prefix)
        if param_name.startswith(prefix) and name in ('annotation.tokens', 'annotation.weights'):
            return self.num_layers + 1, self.num_layers + 2
        return super().get_layer_depth(param_name, prefix)


@MODELS.register_module()
class SkySenseS2(SkySenseViT):
    """Backbone of SkySense++ for Sentinel-2: ten bands, in the order of sensor ``sentinel2-l2a``.

    See :class:`SkySenseViT` for the arguments.
    """

    sensor = 'sentinel2-l2a'
    weights_parts = ('backbone_s2',)


@MODELS.register_module()
class SkySenseS1(SkySenseViT):
    """Backbone of SkySense++ for Sentinel-1: VV and VH in decibels, as in sensor ``sentinel1-grd``.

    See :class:`SkySenseViT` for the arguments.
    """

    sensor = 'sentinel1-grd'
    weights_parts = ('backbone_s1',)


def check_bands(bands: Sequence[str], trained: Sequence[str]) -> None:
    """Refuses bands that the sensor has not, and all of them in another order.

    Raises:
        ConfigError: It names both.
    """
    check_subset(bands, trained)
    if len(bands) == len(trained) and tuple(bands) != tuple(trained):
        fix = 'Load the bands in this order: weights of this model and of a reordered one look alike.'
        raise ConfigError('bands', ', '.join(bands), ', '.join(trained), fix)


def _resolve(size: str | dict[str, Any]) -> ViTArch:
    if isinstance(size, str) and size in SIZES:
        return SIZES[size]
    try:
        return ViTArch(**size)  # type: ignore[arg-type]
    except TypeError as error:
        expected = f'one of {list(SIZES)}, or a dict with keys among {list(ViTArch.__dataclass_fields__)}'
        raise ConfigError('size', f'{size!r}', expected, 'Correct the backbone entry.') from error


def _adapt_before_load(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Fits what depends on this model's shape, whatever the way of loading."""
    assert isinstance(module, SkySenseViT)
    part = {name: state_dict[prefix + name] for name in ('pos_embed', KERNEL) if prefix + name in state_dict}
    adapted, changed = module.adapt_state_dict(part)
    for name in changed:
        found, fitted = tuple(part[name].shape), tuple(adapted[name].shape)
        print_log(f'{prefix}{name} of the checkpoint fitted from {found} to {fitted}', 'current', logging.INFO)
        state_dict[prefix + name] = adapted[name]
