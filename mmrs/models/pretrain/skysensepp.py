"""SkySense++ as a whole: three backbones, completion, fusion and the head of its pretraining (spec section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.backbones.skysense_hr import SkySenseHR
from mmrs.models.backbones.skysense_vit import SkySenseS1, SkySenseS2, SkySenseViT
from mmrs.models.freezing import freeze_depths
from mmrs.models.heads.skysense_head import skysense_head
from mmrs.models.necks import Completed, ModalityCompletion, SkySenseFusion, SkySenseUpHead
from mmrs.models.pretrain.skysense_losses import completion_loss, masked_pixels, reconstruction_loss
from mmrs.registry import MODELS

SENTINELS: dict[str, type[SkySenseViT]] = {'s2': SkySenseS2, 's1': SkySenseS1}
DAYS = 365


@dataclass(frozen=True)
class SkySenseOutput:
    """What :class:`SkySensePP` computes.

    Attributes:
        hr_maps: Maps of the high-resolution backbone, fine to coarse; None where there is no such image.
        features: Coarse map of every modality (B, C, H, W), or (B, T, C, H, W) of its frames.
        fused: (B, fusion width, H, W).
        logits: (B, vocabulary + 1, height, width of the image); None without image or annotations.
        completed: What the loss of the completion needs; None without completion.
    """

    hr_maps: tuple[Tensor, ...] | None
    features: dict[str, Tensor]
    fused: Tensor
    logits: Tensor | None
    completed: Completed | None


@MODELS.register_module()
class SkySensePP(BaseModule):
    """Segments an image by the example of annotations, from up to three modalities.

    Sizes follow from the images: with a high-resolution image of H x W pixels and Sentinel tiles of h x w, H / h must
    be a whole number, and the grids of all modalities must meet (``up_scale``). The published model has 512 pixels
    beside 16, in mosaics of two by one.

    A modality that is missing from the batch is left out: its backbone does not run. Where single samples lack it,
    ``present`` says so. Several dates of a Sentinel tile are encoded one by one and fused together.

    Args:
        vocabulary_size: Highest annotation id; None builds no annotation branches, and no head.
        modalities: Which of ``'hr'``, ``'s2'``, ``'s1'`` are built.
        backbone_hr: Options of :class:`mmrs.models.SkySenseHR`.
        backbone_s2: Options of :class:`mmrs.models.SkySenseS2`.
        backbone_s1: Options of :class:`mmrs.models.SkySenseS1`.
        up_scale: Factor from the grid of a Sentinel backbone to the coarsest of the high-resolution one.
        fusion: Options of :class:`mmrs.models.SkySenseFusion`.
        completion: Options of :class:`mmrs.models.ModalityCompletion`; None builds none. The released weights were
            trained with ``dict(exchange='sum')``.
        head: Options of :func:`mmrs.models.heads.skysense_head.skysense_head`.
        calendar: Modalities whose frames get an embedding of their day of the year, such as ``('s2',)``.
        frozen_depths: Depths of parts whose blocks do not learn, see :func:`mmrs.models.freezing.freeze_depths`. The
            published recipe: ``dict(backbone_hr=12, backbone_s2=12, backbone_s1=12, fusion=(3, 24))``.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        vocabulary_size: int | None = 64,
        modalities: Sequence[str] = ('hr', 's2', 's1'),
        backbone_hr: Mapping[str, Any] | None = None,
        backbone_s2: Mapping[str, Any] | None = None,
        backbone_s1: Mapping[str, Any] | None = None,
        up_scale: int = 4,
        fusion: Mapping[str, Any] | None = None,
        completion: Mapping[str, Any] | None = None,
        head: Mapping[str, Any] | None = None,
        calendar: Sequence[str] = (),
        frozen_depths: Mapping[str, int | Sequence[int]] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.modalities, self.calendar, self.up_scale = tuple(modalities), tuple(calendar), up_scale
        self._check_names()
        options: dict[str, dict[str, Any]] = {'s2': dict(backbone_s2 or {}), 's1': dict(backbone_s1 or {})}
        self.backbone_hr = SkySenseHR(**{'vocabulary_size': vocabulary_size, **(backbone_hr or {})})
        width = self.backbone_hr.arch.widths[-1]
        for name in self.modalities[1:]:
            backbone = SENTINELS[name](**{'vocabulary_size': vocabulary_size, **options[name]})
            self.add_module(f'backbone_{name}', backbone)
            self.add_module(f'head_{name}', SkySenseUpHead(backbone.embed_dims, width, up_scale))
        self.fusion = SkySenseFusion(width, **(fusion or {}))
        self.modality_vae = None
        if completion is not None:
            self.modality_vae = ModalityCompletion(width, self.modalities, **completion)
        self.head_rec_hr = None
        if vocabulary_size is not None:
            channels = [*self._head_channels(), self.fusion.proj.out_features]
            self.head_rec_hr = skysense_head(channels, vocabulary_size + 1, **(head or {}))
        self.ctpe = nn.Parameter(torch.zeros(1, DAYS, width)) if self.calendar else None
        for part, depths in (frozen_depths or {}).items():
            freeze_depths(self.get_submodule(part), depths)

    def _check_names(self) -> None:
        known = ('hr', 's2', 's1')
        if self.modalities[:1] != ('hr',) or not set(self.modalities) <= set(known):
            fix = "List 'hr' first: the head works on its maps. Single backbones work alone."
            raise ConfigError('modalities', f'{self.modalities}', f'hr, then any of {known[1:]}', fix)
        if not set(self.calendar) <= set(self.modalities[1:]):
            expected = f'among {self.modalities[1:]}'
            raise ConfigError('calendar', f'{self.calendar}', expected, 'Name modalities that have dates.')

    def _head_channels(self) -> list[int]:
        """Maps from before the merge hold image and annotation: the halves are stacked on the channels."""
        merge = self.backbone_hr.merge_stage
        return [width * (2 if stage < merge - 1 else 1) for stage, width in enumerate(self.backbone_hr.arch.widths)]

    def forward(
        self,
        images: Mapping[str, Tensor | None],
        annotations: Tensor | None = None,
        masks: Tensor | None = None,
        present: Tensor | None = None,
        days: Mapping[str, Tensor] | None = None,
    ) -> SkySenseOutput:
        """Runs a batch.

        Args:
            images: Normalised images by modality: ``'hr'`` (B, C, H, W); the others (B, C, h, w) or, with dates,
                (B, C, T, h, w).
            annotations: (B, H, W) ids; sampled in the middle of the pixels of coarser modalities.
            masks: (B, rows, columns), nonzero where the annotation is hidden; any grid that divides those of the
                tokens.
            present: (B, M) bool: which samples have which modality; None: those that are given.
            days: Day of the year, 1 to 366, for modalities of ``calendar``: of every frame (B, T), or of its pixels
                (B, T, rows, columns) on any grid, for mosaics of tiles of different dates.

        Returns:
            Features, and logits where an image and annotations are given.

        Raises:
            ConfigError: Nothing is given, or sizes, ids or days do not fit.
        """
        given = {name: image for name in self.modalities if (image := images.get(name)) is not None}
        if not given or not set(images) <= set(self.modalities):
            expected = f'at least one of {", ".join(self.modalities)} and nothing else'
            raise ConfigError('images', f'{sorted(images)}', expected, 'Name the modalities of this model.')
        hr_maps, frames = None, {}
        if 'hr' in given:
            hr_maps = self._encode_hr(given['hr'], annotations, masks)
            frames['hr'] = hr_maps[-1].unsqueeze(1)
        for name in [name for name in given if name != 'hr']:
            frames[name] = self._encode_sentinel(name, given[name], annotations, masks)
        frames, completed = self._complete(frames, present)
        self._add_calendar(frames, days or {})
        fused = self._fuse(frames)
        logits = None
        if hr_maps is not None and annotations is not None and self.head_rec_hr is not None:
            logits = self._segment((*hr_maps[:-1], frames['hr'][:, 0]), fused, given['hr'].shape[2:])
        features = {name: frame[:, 0] if frame.shape[1] == 1 else frame for name, frame in frames.items()}
        return SkySenseOutput(hr_maps, features, fused, logits, completed)

    def loss(
        self, output: SkySenseOutput, target: Tensor, masks: Tensor | None = None, balance: bool = True
    ) -> dict[str, Tensor]:
        """Losses of pretraining by name; see :mod:`mmrs.models.pretrain.skysense_losses`.

        Args:
            output: Of :meth:`forward`.
            target: (B, H, W) ids.
            masks: Counts masked pixels only; None (published) all.
            balance: Equal weight to background and the rest.

        Raises:
            ConfigError: The output has no logits.
        """
        if output.logits is None:
            fix = 'Give the hr image and annotations to forward().'
            raise ConfigError('logits', 'none', 'the output of a batch with image and annotations', fix)
        losses = {'loss_rec': reconstruction_loss(output.logits, target, masks, balance)}
        if output.completed is not None:
            losses['loss_vae'] = completion_loss(output.completed, len(self.modalities))
        return losses

    def _encode_hr(self, image: Tensor, annotations: Tensor | None, masks: Tensor | None) -> tuple[Tensor, ...]:
        side = self.backbone_hr.patch_size
        if masks is not None:
            masks = masked_pixels(masks, (image.shape[2] // side, image.shape[3] // side))
        return self.backbone_hr(image, annotations, masks)

    def _encode_sentinel(self, name: str, image: Tensor, annotations: Tensor | None, masks: Tensor | None) -> Tensor:
        """Encodes all frames: (B, T, C, H, W) on the coarsest high-resolution grid."""
        backbone: Any = self.get_submodule(f'backbone_{name}')
        if image.ndim == 4:
            image = image.unsqueeze(2)
        batch, _, count, height, width = image.shape
        if annotations is not None:
            annotations = sample_centres(annotations, (height, width)).repeat_interleave(count, 0)
        if masks is not None:
            side = backbone.patch_size
            masks = masked_pixels(masks, (height // side, width // side)).repeat_interleave(count, 0)
        feature = backbone(image.transpose(1, 2).flatten(0, 1), annotations, masks)[-1]
        return self.get_submodule(f'head_{name}')(feature).unflatten(0, (batch, count))

    def _complete(
        self, frames: dict[str, Tensor], present: Tensor | None
    ) -> tuple[dict[str, Tensor], Completed | None]:
        shapes = {name: tuple(frame.shape[3:]) for name, frame in frames.items()}
        if len(set(shapes.values())) > 1:
            fix = 'Choose tile sizes of the ratio that the model is built for (patch sizes, stages and up_scale).'
            raise ConfigError('images', f'grids {shapes}', 'the same grid for every modality', fix)
        if self.modality_vae is None:
            return frames, None
        # One map a modality is completed; where it is there, its frames stay as they are.
        means = {name: frame.mean(dim=1) for name, frame in frames.items()}
        completed: Completed = self.modality_vae(means, present, reconstruct=torch.is_grad_enabled())
        for index, name in enumerate(self.modalities):
            filled = completed.features[name].unsqueeze(1)
            if name in frames:
                has = completed.present[:, index].view(-1, 1, 1, 1, 1)
                filled = torch.where(has, frames[name], filled.to(frames[name].dtype))
            frames[name] = filled
        return {name: frames[name] for name in self.modalities}, completed

    def _add_calendar(self, frames: dict[str, Tensor], days: Mapping[str, Tensor]) -> None:
        for name in self.calendar:
            if name not in days or name not in frames or self.ctpe is None:
                continue
            day, count = days[name], frames[name].shape[1]
            fits = day.shape[:2] == frames[name].shape[:2] and day.ndim in (2, 4)
            if not fits or day.min() < 1 or day.max() > DAYS + 1:
                found = f'shape {tuple(day.shape)}, {day.min().item()} to {day.max().item()}'
                expected = f'(B, {count}) or (B, {count}, rows, columns) days from 1 to {DAYS + 1}'
                raise ConfigError(f'days of {name}', found, expected, 'Give the day of the year of every frame.')
            grid = day if day.ndim == 4 else day[..., None, None]
            if day.ndim == 4:
                grid = functional.interpolate(day.float(), size=frames[name].shape[3:], mode='nearest-exact')
            embedding = self.ctpe[0, grid.long().clamp(max=DAYS) - 1]  # the 366th day is the last again
            frames[name] = frames[name] + embedding.movedim(-1, 2)

    def _fuse(self, frames: Mapping[str, Tensor]) -> Tensor:
        tokens = torch.cat(list(frames.values()), dim=1)
        batch, _, _, height, width = tokens.shape
        fused = self.fusion(tokens.permute(0, 3, 4, 1, 2).flatten(0, 2))
        return fused.view(batch, height, width, -1).permute(0, 3, 1, 2).contiguous()

    def _segment(self, hr_maps: Sequence[Tensor], fused: Tensor, size: torch.Size) -> Tensor:
        merge = self.backbone_hr.merge_stage
        maps = [
            torch.cat(feature.chunk(2, dim=3), dim=1) if stage < merge - 1 else feature
            for stage, feature in enumerate(hr_maps)
        ]
        assert self.head_rec_hr is not None
        logits = self.head_rec_hr([*maps, fused]).float()
        return functional.interpolate(logits, size=tuple(size), mode='bilinear', align_corners=True)


def sample_centres(annotations: Tensor, size: tuple[int, int]) -> Tensor:
    """Picks the id in the middle of every coarse pixel.

    Args:
        annotations: (B, H, W).
        size: Rows and columns of the coarse image; they divide H and W.

    Returns:
        (B, rows, columns).

    Raises:
        ConfigError: The sizes do not divide.
    """
    height, width = annotations.shape[1:]
    if height % size[0] or width % size[1]:
        found = f'{height} x {width} for {size[0]} x {size[1]} pixels'
        raise ConfigError('annotations', found, 'a multiple of the coarse size', 'Choose tile sizes that divide.')
    down, right = height // size[0], width // size[1]
    return annotations[:, (down - 1) // 2 :: down, (right - 1) // 2 :: right]
