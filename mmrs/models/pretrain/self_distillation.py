"""CGEarthEye pre-training: self-distillation over crops, seasons and masked patches (specification, section 5)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import ModuleDict
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.backbones import VisionTransformer
from mmrs.models.heads.prototype_head import PrototypeHead
from mmrs.models.pretrain.averaged_teacher import AveragedTeacher
from mmrs.models.pretrain.distillation_losses import TeacherTargets, image_loss, koleo, patch_loss
from mmrs.models.pretrain.processes import gather
from mmrs.registry import MODELS

# What the backbone has to give: the class token and all patches of the last block.
BACKBONE = {'out_type': 'tokens', 'out_indices': -1, 'final_norm': 'last', 'with_mask_token': True}


@MODELS.register_module()
class CGEarthEyePretrain(AveragedTeacher):
    """A student that finds what its teacher, the average of its past, finds in other crops and in whole images.

    The teacher sees two large crops. The student sees them with patches masked, small crops, and crops of other
    seasons of the place, and is to give the same distribution over prototypes: for the class token of every other
    crop, and for every masked patch. Parameter names are those of DINOv2's files: ``teacher.backbone``,
    ``teacher.dino_head``, ``teacher.ibot_head``.

    ``mmrs.SelfDistillationHook`` has to be among the hooks: without it the teacher stays as it is.

    Args:
        backbone: Config of a :class:`mmrs.models.VisionTransformer`, such as ``dict(type='mmrs.CGEarthEye', ...)``.
            Output, mask token and the teacher's stochastic depth are taken care of.
        head: Options of :class:`mmrs.models.heads.prototype_head.PrototypeHead` for class tokens.
        patch_head: The same for patches; None takes the head of the class tokens for both.
        targets: Options of :class:`mmrs.models.pretrain.TeacherTargets`: Sinkhorn-Knopp, or centring.
        student_temperature: Of the student's distributions.
        patch_weight: Of the patch loss; the report has 1.
        koleo_weight: Of the spread of the class tokens; 0 leaves it out.
        gather_koleo: Spreads the class tokens of all processes, not only those of each (DINOv2). Two processes then
            learn what one would with both batches.
        packed: Run all crops through the blocks at once, see :meth:`VisionTransformer.forward_crops`.
        data_preprocessor: As in mmengine.
        init_cfg: Initialisation config of mmengine. The teacher then starts as the student.

    """

    def __init__(
        self,
        backbone: dict[str, Any],
        head: Mapping[str, Any] | None = None,
        patch_head: Mapping[str, Any] | None = None,
        targets: Mapping[str, Any] | None = None,
        student_temperature: float = 0.1,
        patch_weight: float = 1.0,
        koleo_weight: float = 0.1,
        gather_koleo: bool = False,
        packed: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, copy.deepcopy(init_cfg))
        self.student = _network({**backbone, **BACKBONE}, head or {}, patch_head)
        taught = {**backbone, **BACKBONE, 'drop_path_rate': 0.0, 'drop_rate': 0.0, 'init_cfg': None}
        self.teacher = _network(taught, head or {}, patch_head).requires_grad_(False)
        self.image_targets = TeacherTargets(_prototypes(self.student['dino_head']), **(targets or {}))
        own = self.student['ibot_head'] if patch_head is not None else self.student['dino_head']
        self.patch_targets = TeacherTargets(_prototypes(own), **(targets or {}))
        self.student_temperature, self.patch_weight = student_temperature, patch_weight
        self.koleo_weight, self.gather_koleo, self.packed = koleo_weight, gather_koleo, packed
        self.teacher_temperature = 0.07  # the hook sets it
        self.update_teacher(0.0)

    def forward(
        self,
        inputs: Mapping[str, Tensor] | Tensor,
        masks: Tensor | None = None,
        data_samples: Any = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | Tensor:
        """Losses of a batch of crops, or the teacher's class tokens.

        Args:
            inputs: For losses, normalised crops: ``'globals'`` (V, B, C, H, W), ``'locals'`` and any others
                (W, B, C, h, w). Else images (B, C, H, W).
            masks: (V * B, patches) bool, True where the student does not see a patch of the global crops.
            data_samples: Not used.
            mode: ``'loss'`` or another.

        Returns:
            Losses by name and ``feature_std`` (see :func:`feature_std`), or (B, embed_dims).

        Raises:
            ConfigError: Crops or masks are missing or do not fit.
        """
        if isinstance(inputs, Tensor):
            if mode == 'loss':
                raise ConfigError('inputs', 'images', 'crops by name', 'Use mmrs.SeasonalCrops in the pipeline.')
            return self._backbone(self.teacher)(inputs)[0][:, 0]
        crops = dict(inputs)
        views = crops.pop('globals')
        self._check_masks(views, masks)
        assert masks is not None
        return self.loss(views, list(crops.values()), masks)

    def loss(self, views: Tensor, others: list[Tensor], masks: Tensor) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            views: (V, B, C, H, W), the global crops.
            others: (W, B, C, h, w) each, local and seasonal crops.
            masks: (V * B, patches) bool.
        """
        count = views.shape[:2]
        image_targets, patch_targets, taught = self._teach(views.flatten(0, 1), masks)
        batches = [views.flatten(0, 1), *(crops.flatten(0, 1) for crops in others)]
        unmasked = [None] * len(others)
        tokens = self._backbone(self.student).forward_crops(batches, [masks, *unmasked], self.packed)
        logits = self.student['dino_head'](torch.cat([part[:, 0] for part in tokens]))
        same, *rest = (
            part.unflatten(0, crops.shape[:2])
            for part, crops in zip(logits.split([len(part) for part in tokens]), [views, *others], strict=True)
        )
        patches = self._patch_head(self.student)(tokens[0][:, 1:][masks])
        temperature = self.student_temperature
        patch = patch_loss(patch_targets, patches, masks, temperature)
        losses = {
            'loss_image': image_loss(image_targets.unflatten(0, count), same, rest, temperature),
            'loss_patch': self.patch_weight * patch,
        }
        if self.koleo_weight:
            seen = tokens[0][:, 0].unflatten(0, count)
            everyone = gather if self.gather_koleo else None
            losses['loss_koleo'] = self.koleo_weight * torch.stack([koleo(view, everyone) for view in seen]).sum()
        losses['feature_std'] = feature_std(taught)
        return losses

    @torch.no_grad()
    def _teach(self, views: Tensor, masks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Targets of class tokens (V * B, prototypes) and of masked patches (M, prototypes), and the class tokens."""
        tokens = self._backbone(self.teacher)(views)[0]
        images = self.image_targets(self.teacher['dino_head'](tokens[:, 0]), self.teacher_temperature)
        patches = self._patch_head(self.teacher)(tokens[:, 1:][masks])
        return images, self.patch_targets(patches, self.teacher_temperature), tokens[:, 0]

    def _check_masks(self, views: Tensor, masks: Tensor | None) -> None:
        side = self._backbone(self.student).patch_size
        patches = -(-views.shape[3] // side) * -(-views.shape[4] // side)
        expected = (views.shape[0] * views.shape[1], patches)
        if masks is None or tuple(masks.shape) != expected or masks.dtype != torch.bool:
            found = 'none' if masks is None else f'{tuple(masks.shape)}, {masks.dtype}'
            fix = "Use collate_fn=dict(type='mmrs.collate_crops', patch_size=...) with the patch of the backbone."
            raise ConfigError('masks', found, f'{expected}, torch.bool', fix)

    @staticmethod
    def _backbone(network: nn.ModuleDict) -> VisionTransformer:
        backbone = network['backbone']
        assert isinstance(backbone, VisionTransformer)
        return backbone

    @staticmethod
    def _patch_head(network: nn.ModuleDict) -> nn.Module:
        return network['ibot_head'] if 'ibot_head' in network else network['dino_head']


def feature_std(features: Tensor) -> Tensor:
    """Tells whether features have collapsed.

    Args:
        features: (N, C).

    Returns:
        Root of the mean variance of the unit vectors, times the root of C: 1 for directions at random, 0 where all
        are alike.
    """
    unit = functional.normalize(features.float(), dim=-1)
    return unit.var(dim=0, correction=0).mean().sqrt() * unit.shape[1] ** 0.5


def _network(backbone: dict[str, Any], head: Mapping[str, Any], patch_head: Mapping[str, Any] | None) -> nn.ModuleDict:
    network: Any = ModuleDict({'backbone': MODELS.build(backbone)})
    width = network['backbone'].embed_dims
    network['dino_head'] = PrototypeHead(width, **head)
    if patch_head is not None:
        network['ibot_head'] = PrototypeHead(width, **patch_head)
    return network


def _prototypes(head: Any) -> int:
    return len(head.last_layer.weight_v)
