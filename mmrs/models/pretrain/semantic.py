"""SkySense++'s second stage as mmengine trains it: annotations are completed (specification, section 5)."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any, Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmrs.errors import ConfigError
from mmrs.models.pretrain.skysense_losses import masked_pixels
from mmrs.models.pretrain.skysensepp import SkySenseOutput, SkySensePP
from mmrs.models.pretrain.vocabulary import colours_to_ids
from mmrs.registry import MODELS


@MODELS.register_module()
class SkySensePretrain(BaseModel):
    """Trains :class:`mmrs.models.SkySensePP` on the samples of :class:`mmrs.datasets.transforms.mosaic.PackMosaic`.

    A series that no sample of a batch has is left out: its backbone does not run. DDP then needs
    ``find_unused_parameters = True`` in the config.

    Args:
        network: Options of :class:`mmrs.models.SkySensePP`.
        loss_on: Pixels that count: ``'all'`` (published), or the ``'hidden'`` ones alone.
        balance: Equal weight to background and the rest, see
            :func:`mmrs.models.pretrain.skysense_losses.reconstruction_loss`.
        truncate: How coloured ``targets`` are read, see :func:`mmrs.models.pretrain.vocabulary.colours_to_ids`.
        data_preprocessor: As in mmengine.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        loss_on: Literal['all', 'hidden'] = 'all',
        balance: bool = True,
        truncate: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, copy.deepcopy(init_cfg))
        if loss_on not in ('all', 'hidden'):
            raise ConfigError('loss_on', repr(loss_on), "'all' or 'hidden'", 'Correct the model entry of the config.')
        # Loaders of weights take this prefix off: a checkpoint of this model is one of SkySensePP.
        self.model = SkySensePP(**copy.deepcopy(dict(network)))
        if self.model.head_rec_hr is None:
            fix = 'Set vocabulary_size of the network.'
            raise ConfigError('network', 'no vocabulary', 'annotations to be completed', fix)
        head: Any = self.model.head_rec_hr
        self.vocabulary_size = int(head.conv_seg.out_channels) - 1
        self.loss_on, self.balance, self.truncate = loss_on, balance, truncate

    def forward(
        self, inputs: Mapping[str, Any], data_samples: Any = None, mode: str = 'tensor'
    ) -> dict[str, Tensor] | list[dict[str, Any]] | SkySenseOutput:
        """Losses, answers or features of a batch.

        Args:
            inputs: ``images`` by modality, ``present`` (B, M), ``annotations`` (B, H, W) or coloured ``targets``
                (B, 3, H, W), ``masks`` (B, rows, columns), and ``days`` where the model has a calendar.
            data_samples: What the samples carry along, one a sample.
            mode: ``'loss'``: losses by name, and ``accuracy`` of the hidden pixels that are no background;
                ``'predict'``: for each sample a dict of ``prediction``, ``annotation`` (H, W), ``hidden`` (H, W) bool
                and what it carries along; another: :class:`SkySenseOutput`.

        Raises:
            ConfigError: There is no annotation.
        """
        annotations, masks = self._annotations(inputs), inputs.get('masks')
        images = dict(inputs['images'])
        for index, name in enumerate(self.model.modalities[1:], 1):
            if 'present' in inputs and not inputs['present'][:, index].any():
                images.pop(name, None)
        output = self.model(images, annotations, masks, inputs.get('present'), inputs.get('days'))
        if mode == 'loss':
            counted = masks if self.loss_on == 'hidden' else None
            losses = self.model.loss(output, annotations, counted, self.balance)
            return {**losses, 'accuracy': self._accuracy(output, annotations, masks)}
        return self._answers(output, annotations, masks, data_samples) if mode == 'predict' else output

    def _annotations(self, inputs: Mapping[str, Any]) -> Tensor:
        if 'annotations' in inputs:
            return inputs['annotations']
        if 'targets' not in inputs:
            fix = 'Use mmrs.PaintAnnotation and mmrs.PackMosaic in the pipeline.'
            raise ConfigError('inputs', f'{sorted(inputs)}', 'annotations or targets', fix)
        generator = random.Random(int(torch.randint(1 << 31, ()))) if self.training else None
        return colours_to_ids(inputs['targets'], self.vocabulary_size, generator, self.truncate)[0]

    @torch.no_grad()
    def _accuracy(self, output: SkySenseOutput, annotations: Tensor, masks: Tensor | None) -> Tensor:
        assert output.logits is not None
        counted = _hidden(annotations, masks) & (annotations > 0)
        right = (output.logits.argmax(1) == annotations) & counted
        return right.sum() / counted.sum().clamp(min=1)

    @staticmethod
    def _answers(
        output: SkySenseOutput, annotations: Tensor, masks: Tensor | None, data_samples: Any
    ) -> list[dict[str, Any]]:
        assert output.logits is not None
        found, hidden = output.logits.argmax(1), _hidden(annotations, masks)
        carried = data_samples or [None] * len(found)
        return [
            dict(
                prediction=found[i], annotation=annotations[i], hidden=hidden[i], **(sample.metainfo if sample else {})
            )
            for i, sample in enumerate(carried)
        ]


def _hidden(annotations: Tensor, masks: Tensor | None) -> Tensor:
    if masks is None:
        return torch.zeros_like(annotations, dtype=torch.bool)
    return masked_pixels(masks, (annotations.shape[1], annotations.shape[2]))
