"""SkySense's first stage: contrast at three granularities, alignment of modalities, and context of regions.

Facts are those of the specification, section 3: a teacher that is the student's average, granularities, modalities and
their fusion, alignment, 4096 x 100 prototypes. Weights, heads and all else are our own.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import torch
from mmengine.model import ModuleDict
from torch import Tensor, nn

from mmrs.errors import ConfigError
from mmrs.models.heads.prototype_head import PrototypeHead
from mmrs.models.pretrain.averaged_teacher import AveragedTeacher
from mmrs.models.pretrain.distillation_losses import TeacherTargets, cross_entropy
from mmrs.models.pretrain.geo_context import GeoContext
from mmrs.models.pretrain.granularity import alignment, match_views, objects_of
from mmrs.models.pretrain.self_distillation import feature_std
from mmrs.models.pretrain.skysensepp import SkySensePP
from mmrs.registry import MODELS

GRANULARITIES = ('pixel', 'object', 'image')
Maps = dict[str, Tensor]


@MODELS.register_module()
class SkySenseContrast(AveragedTeacher):
    """A student that finds in one view what its teacher, the average of its past, finds in another.

    ``mmrs.SelfDistillationHook`` has to be among the hooks. Names of the student's network are those of
    :class:`mmrs.models.SkySensePP`, so that a checkpoint starts the second stage (``prefix='student.network'``).

    Args:
        network: Options of :class:`mmrs.models.SkySensePP`; vocabulary and completion are left out.
        head: Options of :class:`mmrs.models.heads.prototype_head.PrototypeHead`, of which each modality and the
            fusion has one, for all granularities.
        targets: Options of :class:`mmrs.models.pretrain.TeacherTargets`.
        context: Options of :class:`mmrs.models.pretrain.geo_context.GeoContext`; None leaves it out.
        objects: Objects of an image.
        weights: Of the losses ``pixel``, ``object``, ``image`` and ``align``; 1 where left out.
        student_temperature: Of the student's distributions.
        align_temperature: Of the alignment.
        data_preprocessor: As in mmengine.
        init_cfg: Initialisation config of mmengine. The teacher then starts as the student.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        head: Mapping[str, Any] | None = None,
        targets: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        objects: int = 8,
        weights: Mapping[str, float] | None = None,
        student_temperature: float = 0.1,
        align_temperature: float = 0.1,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, copy.deepcopy(init_cfg))
        options = {**copy.deepcopy(dict(network)), 'vocabulary_size': None, 'completion': None}
        self.student = _network(options, head or {}, context)
        self.teacher = _network(options, head or {}, context).requires_grad_(False)
        self.modalities: tuple[str, ...] = self.student['network'].modalities
        self.sources = (*self.modalities, 'fused')
        count = len(self.student['heads']['fused'].last_layer.weight_v)
        names = [f'{source}_{size}' for source in self.sources for size in GRANULARITIES]
        self.targets: Any = ModuleDict({name: TeacherTargets(count, **(targets or {})) for name in names})
        self.weights = dict.fromkeys((*GRANULARITIES, 'align'), 1.0) | dict(weights or {})
        self.objects, self.student_temperature = objects, student_temperature
        self.align_temperature = align_temperature
        self.teacher_temperature = 0.07  # the hook sets it
        self.update_teacher(0.0)

    @torch.no_grad()
    def update_teacher(self, momentum: float) -> None:
        """As its base; prototypes of regions are shared.

        Args:
            momentum: From 0 (a copy) to 1 (as it is).
        """
        super().update_teacher(momentum)
        if 'context' in self.student:
            self.teacher['context'].prototypes.copy_(self.student['context'].prototypes)

    def forward(
        self, inputs: Mapping[str, Any], data_samples: Any = None, mode: str = 'tensor'
    ) -> dict[str, Tensor] | list[Maps]:
        """Losses of a batch, or the teacher's maps of its views.

        Args:
            inputs: ``images`` by modality, (B, V, ...) for V views; ``boxes`` (B, V, 5), see
                :func:`mmrs.models.pretrain.granularity.match_views`; ``regions`` (B), -1 where not known.
            data_samples: Not used.
            mode: ``'loss'`` or another.

        Raises:
            ConfigError: A modality is missing, or there is one view only.
        """
        images, boxes = inputs['images'], inputs['boxes']
        if set(images) != set(self.modalities) or boxes.shape[1] < 2:
            found = f'{sorted(images)}, {boxes.shape[1]} views'
            expected = f'{sorted(self.modalities)}, 2 or more'
            raise ConfigError('inputs', found, expected, 'Use mmrs.LoadViews in the pipeline, on places that have all.')
        regions = inputs.get('regions')
        regions = torch.full((len(boxes),), -1, device=boxes.device) if regions is None else regions
        with torch.no_grad():
            taught = self._encode(self.teacher, images, boxes.shape[1], regions)
        if mode != 'loss':
            return taught
        learned = self._encode(self.student, images, boxes.shape[1], regions)
        losses = self.contrast(taught, learned, boxes)
        losses['loss_align'] = self.weights['align'] * self._aligned(learned)
        if 'context' in self.student and self.training:
            self.student['context'].update(taught[0]['plain'], regions)
        losses['feature_std'] = feature_std(taught[0]['fused'].mean((2, 3)))
        return losses

    def contrast(self, taught: list[Maps], learned: list[Maps], boxes: Tensor) -> dict[str, Tensor]:
        """Cross entropy of every pair of different views, a mean over pairs and sources for each granularity.

        Args:
            taught: The teacher's maps (B, C, H, W) by source, for each view.
            learned: The student's.
            boxes: (B, V, 5).
        """
        views = range(len(taught))
        pairs = [(one, two) for one in views for two in views if one != two]
        sums = {size: boxes.new_zeros(()) for size in GRANULARITIES}
        for one, two in pairs:
            for source in self.sources:
                parts = self._parts(taught[one][source], learned[two][source], boxes[:, one], boxes[:, two])
                for size, (teacher, student) in zip(GRANULARITIES, parts, strict=True):
                    sums[size] = sums[size] + self._compare(source, size, teacher, student)
        number = len(pairs) * len(self.sources)
        return {f'loss_{size}': self.weights[size] * total / number for size, total in sums.items()}

    def _parts(self, taught: Tensor, learned: Tensor, box: Tensor, onto: Tensor) -> list[tuple[Tensor, Tensor]]:
        matched, inside = match_views(taught, box, onto)
        pixels = matched.permute(0, 2, 3, 1)[inside], learned.permute(0, 2, 3, 1)[inside]
        return [pixels, objects_of(matched, learned, inside, self.objects), (taught.mean((2, 3)), learned.mean((2, 3)))]

    def _compare(self, source: str, size: str, teacher: Tensor, student: Tensor) -> Tensor:
        logits = self.teacher['heads'][source](teacher)
        targets = self.targets[f'{source}_{size}'](logits, self.teacher_temperature)
        answers = self.student['heads'][source](student)
        return cross_entropy(targets, answers, self.student_temperature).sum() / max(len(answers), 1)

    def _aligned(self, learned: list[Maps]) -> Tensor:
        pairs = list(combinations(self.modalities, 2))
        total = [
            alignment(maps[one].mean((2, 3)), maps[two].mean((2, 3)), self.align_temperature)
            for maps in learned
            for one, two in pairs
        ]
        return torch.stack(total).mean() if total else learned[0]['fused'].sum() * 0

    def _encode(self, network: Any, images: Mapping[str, Tensor], views: int, regions: Tensor) -> list[Maps]:
        found = []
        for view in range(views):
            output = network['network']({name: image[:, view] for name, image in images.items()})
            maps = {name: part if part.ndim == 4 else part.mean(dim=1) for name, part in output.features.items()}
            maps['fused'] = maps['plain'] = output.fused
            if 'context' in network:
                maps['fused'] = network['context'](output.fused, regions)
            found.append(maps)
        return found


def _network(options: dict[str, Any], head: Mapping[str, Any], context: Mapping[str, Any] | None) -> Any:
    whole = SkySensePP(**copy.deepcopy(options))
    width, fused = whole.backbone_hr.arch.widths[-1], whole.fusion.proj.out_features
    heads = {name: PrototypeHead(width, **head) for name in whole.modalities}
    parts: dict[str, nn.Module] = {
        'network': whole,
        'heads': ModuleDict({**heads, 'fused': PrototypeHead(fused, **head)}),
    }
    if context is not None:
        parts['context'] = GeoContext(fused, **context)
    return ModuleDict(parts)
