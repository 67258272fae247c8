"""MaRS pre-training: reconstruction of two masked modalities, a teacher, and contrast (specification, section 2)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.backbones.mars import CHANNELS, start_from
from mmrs.models.layers import MetaModalityAttention
from mmrs.models.pretrain.contrast import CrossContrast, clip_contrast
from mmrs.models.pretrain.masked_swin import MaskedSwinV2
from mmrs.models.pretrain.processes import gather, mean_count
from mmrs.registry import MODELS

CONTRASTS = ('cross', 'clip', 'none')
COS_DIMS = {'channel': 2, 'token': 1}
# Keeps the mean over no masked pixel finite, as in the release.
EPSILON = 1e-5
# What the released code does otherwise than the paper describes: `MaRSPretrain(**RELEASE)`.
RELEASE: Mapping[str, Any] = {
    'mask_mode': 'release',
    'teacher_cos_dim': 'token',
    'teacher_masked': True,
    'contrast': {'drop_first_token': True, 'normalize_global': False, 'hier_label': 'release'},
}


@MODELS.register_module()
class MaRSPretrain(BaseModel):
    """Pre-training model of MaRS. Parameter names are those of the released code.

    Args:
        size: See :class:`mmrs.models.MaRS`; the same for both encoders.
        contrast_type: ``'cross'`` (patches, images, and patches against images), ``'clip'`` (patches), ``'none'``.
        contrast: Options of :class:`mmrs.models.pretrain.CrossContrast`; for ``'clip'`` only ``drop_first_token``.
        mask_mode: See :class:`mmrs.models.pretrain.MaskedSwinV2`.
        mask_ratio: Share of the blocks that is masked where the batch brings no masks.
        mask_patch_size: Side of such a block in pixels; None: the stride of the encoder.
        mma: Options of :class:`mmrs.models.layers.MetaModalityAttention`; False leaves it out (the paper's baseline).
        teacher: Whether a frozen encoder teaches the RGB branch; load its ImageNet weights with ``teacher_weights``.
        teacher_cos_dim: Axis of the cosine between branch and teacher: ``'channel'``, or ``'token'`` (release).
        teacher_masked: Whether the teacher sees the masked image (release) or the whole one.
        gather_negatives: Contrasts with the tokens of all processes, not only of this one (release). Two processes
            then learn what one would with both batches.
        modalities: Branches that there are: both, or ``('rgb',)`` for a stage on optical images alone, which goes on
            from a checkpoint of both. One branch has nothing to contrast with.
        teacher_weights: Checkpoint for the teacher's encoder, as for ``mmrs.Pretrained``.
        weights: Checkpoints that ``encoder_rgb`` and ``encoder_sar`` start from, by ``'rgb'`` and ``'sar'``. Kernels
            of RGB weights are summed for the one channel of SAR.
        data_preprocessor: As in mmengine.
        init_cfg: Initialisation config of mmengine.
        **encoder: Options of both encoders and the teacher, see :class:`mmrs.models.MaRS`.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        size: str | dict[str, Any] = 'base',
        contrast_type: Literal['cross', 'clip', 'none'] = 'cross',
        contrast: dict[str, Any] | None = None,
        mask_mode: Literal['simmim', 'release'] = 'simmim',
        mask_ratio: float = 0.6,
        mask_patch_size: int | None = None,
        mma: bool | dict[str, Any] = True,
        teacher: bool = True,
        teacher_cos_dim: Literal['channel', 'token'] = 'channel',
        teacher_masked: bool = False,
        gather_negatives: bool = False,
        modalities: Sequence[str] = tuple(CHANNELS),
        teacher_weights: str | None = None,
        weights: Mapping[str, str] | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        **encoder: Any,
    ) -> None:
        super().__init__(data_preprocessor, copy.deepcopy(init_cfg))
        self.modalities = tuple(modalities)
        self._check_options(contrast_type, teacher_cos_dim, teacher, teacher_weights)
        for name in self.modalities:
            rule = {'channel_rule': 'sum'} if CHANNELS[name] == 1 else {}
            branch = MaskedSwinV2(size, name, mask_mode, **{**rule, **encoder})
            start_from(branch.encoder, (weights or {}).get(name))
            self.add_module(f'encoder_{name}', branch)
        self.encoder_rgb: MaskedSwinV2
        width, stride = self.encoder_rgb.out_channels, self.encoder_rgb.stride
        for name in self.modalities:
            self.add_module(f'decoder_{name}', _decoder(width, stride, CHANNELS[name]))
        options = mma if isinstance(mma, dict) else {}
        self.alternating_attn = None if mma is False else MetaModalityAttention(width, **options)
        self.teacher_encoder = None
        if teacher:
            taught = MaskedSwinV2(size, 'rgb', mask_mode, **encoder)
            start_from(taught.encoder, teacher_weights)
            self.teacher_encoder = taught.requires_grad_(False).eval()
        self.contrast_temp = nn.Parameter(torch.ones(()), requires_grad=contrast_type == 'clip')
        self.contrast_type, self.contrast_options = contrast_type, dict(contrast or {})
        self.cross = CrossContrast(**self.contrast_options) if contrast_type == 'cross' else None
        self.mask_ratio, self.mask_patch_size = mask_ratio, mask_patch_size or stride
        self.teacher_cos_dim, self.teacher_masked = teacher_cos_dim, teacher_masked
        self.gather_negatives = gather_negatives

    def _check_options(self, contrast_type: str, cos_dim: str, teacher: bool, teacher_weights: str | None) -> None:
        both, alone = tuple(CHANNELS), ('rgb',)
        rules: list[tuple[str, object, bool, str]] = [
            ('modalities', self.modalities, self.modalities in (both, alone), f'{both} or {alone}'),
            ('contrast_type', contrast_type, contrast_type in CONTRASTS, f'one of {CONTRASTS}'),
            (
                'contrast_type',
                contrast_type,
                contrast_type == 'none' or self.modalities == both,
                "'none' with one branch",
            ),
            ('teacher_cos_dim', cos_dim, cos_dim in COS_DIMS, f'one of {tuple(COS_DIMS)}'),
            ('teacher_weights', teacher_weights, teacher or teacher_weights is None, 'none without a teacher'),
        ]
        for name, value, good, expected in rules:
            if not good:
                raise ConfigError(name, repr(value), expected, 'Correct the model entry of the config.')

    def train(self, mode: bool = True) -> MaRSPretrain:
        """Sets the mode of what is trained; the teacher stays in eval mode."""
        super().train(mode)
        if self.teacher_encoder is not None:
            self.teacher_encoder.eval()
        return self

    def forward(
        self, inputs: Tensor, masks: Tensor | None = None, data_samples: Any = None, mode: str = 'tensor'
    ) -> dict[str, Tensor] | tuple[Tensor, ...]:
        """Losses or features of a batch.

        Args:
            inputs: (B, C, H, W), normalised: red, green, blue, and SAR where there is a branch for it.
            masks: (B, H / 4, W / 4), nonzero where masked; None draws block masks.
            data_samples: Not used.
            mode: ``'loss'`` gives the losses by name, anything else the maps of the branches after the attention,
                of which nothing is masked unless ``masks`` are given.

        Raises:
            ConfigError: Images or masks do not fit.
        """
        counts = [CHANNELS[name] for name in self.modalities]
        if inputs.shape[1] != sum(counts):
            fix = 'Stack red, green, blue and SAR.' if len(counts) > 1 else 'Give red, green and blue.'
            raise ConfigError('inputs', f'{inputs.shape[1]} channels', f'{sum(counts)}', fix)
        images = dict(zip(self.modalities, inputs.split(counts, dim=1), strict=True))
        if mode != 'loss':
            return self.encode(images, masks)
        if masks is None:
            masks = self.draw_masks(inputs)
        maps = dict(zip(images, self.encode(images, masks), strict=True))
        losses = {}
        for name, feature in maps.items():
            found = self.get_submodule(f'decoder_{name}')(feature)
            losses[f'loss_recon_{name}'] = self.reconstruction(images[name], found, masks)
        tokens = [feature.flatten(2).transpose(1, 2) for feature in maps.values()]
        if self.teacher_encoder is not None:
            losses['loss_teacher'] = self.teacher_loss(images['rgb'], tokens[0], masks)
        if self.contrast_type != 'none':
            losses['loss_contrast'] = self.contrast_loss(tokens[0], tokens[1])
        return losses

    def encode(self, images: Mapping[str, Tensor], masks: Tensor | None) -> tuple[Tensor, ...]:
        """Maps (B, C, rows, columns) of the branches, after the attention between them."""
        maps = [self.get_submodule(f'encoder_{name}')(part, masks) for name, part in images.items()]
        return tuple(maps if self.alternating_attn is None else self.alternating_attn.forward_maps(maps))

    def draw_masks(self, images: Tensor) -> Tensor:
        """Random block masks (B, patch rows, patch columns), bool, one for both modalities of an image."""
        side, patch = self.mask_patch_size, self.encoder_rgb.encoder.patch_size
        batch, _, height, width = images.shape
        rows, columns = -(-height // side), -(-width // side)
        hidden = -int(-rows * columns * self.mask_ratio // 1)
        order = torch.rand(batch, rows * columns, device=images.device).argsort(dim=1).argsort(dim=1)
        blocks = (order < hidden).view(batch, rows, columns)
        cells = blocks.repeat_interleave(side // patch, 1).repeat_interleave(side // patch, 2)
        return cells[:, : -(-height // patch), : -(-width // patch)]

    def reconstruction(self, images: Tensor, found: Tensor, masks: Tensor) -> Tensor:
        """Mean absolute error over the masked pixels of all processes, per channel."""
        patch = self.encoder_rgb.encoder.patch_size
        height, width = images.shape[2:]
        hidden = masks.ne(0).to(found.dtype).repeat_interleave(patch, 1).repeat_interleave(patch, 2)
        hidden = hidden[:, None, :height, :width]
        error = ((images - found[..., :height, :width]).abs() * hidden).sum()
        return error / (mean_count(hidden.sum()) + EPSILON) / images.shape[1]

    def teacher_loss(self, rgb: Tensor, tokens: Tensor, masks: Tensor) -> Tensor:
        """Negative mean cosine between the RGB branch and the teacher."""
        assert self.teacher_encoder is not None
        with torch.no_grad():
            taught = self.teacher_encoder(rgb, masks if self.teacher_masked else None)
        taught = taught.flatten(2).transpose(1, 2)
        return -functional.cosine_similarity(tokens, taught, dim=COS_DIMS[self.teacher_cos_dim]).mean()

    def contrast_loss(self, first: Tensor, second: Tensor) -> Tensor:
        """Contrast between the tokens (B, N, C) of both branches."""
        everyone = gather if self.gather_negatives else None
        if self.cross is not None:
            return self.cross(first, second, everyone)
        return clip_contrast(first, second, self.contrast_temp, **self.contrast_options, gather=everyone)


def _decoder(width: int, stride: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, stride**2 * channels, 1), nn.PixelShuffle(stride))
