"""RHINO, DINO for oriented boxes (CGEarthEye specification, section 2.3, OBB, version v2).

Written from that description and from the paper (arXiv 2305.07598), not from the authors' code.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from mmdet.models import DINO
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from mmrs.models.detection.rotated_decoder import RotatedDinoDecoder
from mmrs.models.detection.rotated_denoising import RotatedDenoisingQueries
from mmrs.registry import MODELS


@MODELS.register_module()
class RHINO(DINO):
    """DINO whose proposals, references, denoising queries and predictions are oriented boxes.

    Annotations may come as mmrotate's boxes or as tensors (N, 5), in any angle convention: they are brought to the
    long edge and to angles from 0 to pi.

    Args:
        cross_attention: How a box places its sampling points: 'faithful' or 'rotated', see
            :class:`mmrs.models.detection.rotated_attention.RotatedDeformableAttention`.
        dn_cfg: Options of :class:`mmrs.models.detection.rotated_denoising.RotatedDenoisingQueries`.
        **kwargs: As in mmdetection's ``DINO``.
    """

    def __init__(
        self, *args: Any, cross_attention: str = 'faithful', dn_cfg: dict | None = None, **kwargs: Any
    ) -> None:
        self.cross_attention = cross_attention
        options = deepcopy(dict(dn_cfg or {}))
        cap = options.pop('max_num_groups', None)
        super().__init__(*args, dn_cfg=options, **kwargs)
        self.dn_query_generator = RotatedDenoisingQueries(max_num_groups=cap, **options)

    def _init_layers(self) -> None:
        decoder: dict = deepcopy(self.decoder)  # type: ignore[has-type]
        super()._init_layers()
        attention = dict(decoder['layer_cfg'].get('cross_attn_cfg') or {}, geometry=self.cross_attention)
        decoder['layer_cfg'] = dict(decoder['layer_cfg'], cross_attn_cfg=attention)
        self.decoder = RotatedDinoDecoder(**decoder)

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[Any]) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            batch_inputs: (B, C, H, W).
            batch_data_samples: With ``gt_instances``.
        """
        return super().loss(batch_inputs, [_with_regular_boxes(sample) for sample in batch_data_samples])

    def gen_encoder_output_proposals(
        self, memory: Tensor, memory_mask: Tensor | None, spatial_shapes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Proposals as in Deformable DETR, at an angle of pi / 2.

        Args:
            memory: (B, keys, C).
            memory_mask: (B, keys), True where padded.
            spatial_shapes: (L, 2).

        Returns:
            Projected memory, and proposals (B, keys, 5) before the sigmoid, infinite where not valid.
        """
        memory, proposals = super().gen_encoder_output_proposals(memory, memory_mask, spatial_shapes)
        # Half of pi is 0.5, which is 0 before the sigmoid.
        angle = torch.where(proposals[..., :1].isfinite(), 0.0, proposals[..., :1])
        return memory, torch.cat([proposals, angle], -1)

    def pre_decoder(
        self,
        memory: Tensor,
        memory_mask: Tensor | None,
        spatial_shapes: Tensor,
        batch_data_samples: list[Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Chooses the proposals with the highest class logit and, in training, adds denoising queries.

        Args:
            memory: (B, keys, C).
            memory_mask: (B, keys), True where padded.
            spatial_shapes: (L, 2).
            batch_data_samples: Annotations, in training.

        Returns:
            Arguments of the decoder, and of the head's loss.
        """
        memory_out, proposals = self.gen_encoder_output_proposals(memory, memory_mask, spatial_shapes)
        classify, refine = (
            branches[self.decoder.num_layers] for branches in (self.bbox_head.cls_branches, self.bbox_head.reg_branches)
        )
        logits = classify(memory_out)
        chosen = logits.amax(-1).topk(self.num_queries, dim=1).indices[..., None]
        scores = logits.gather(1, chosen.expand(-1, -1, logits.size(-1)))
        # Refine only what was chosen: the refinement of every token would be thrown away.
        states = memory_out.gather(1, chosen.expand(-1, -1, memory_out.size(-1)))
        boxes = refine(states) + proposals.gather(1, chosen.expand(-1, -1, 5))
        query = self.query_embedding.weight.expand(len(memory), -1, -1)
        references, mask, losses = boxes.detach(), None, {}
        if self.training:
            content, noisy, mask, dn_meta = self.dn_query_generator(batch_data_samples or [])
            query, references = torch.cat([content, query], 1), torch.cat([noisy, references], 1)
            losses = dict(enc_outputs_class=scores, enc_outputs_coord=boxes.sigmoid(), dn_meta=dn_meta)
        return dict(query=query, memory=memory, reference_points=references.sigmoid(), dn_mask=mask), losses


def _with_regular_boxes(sample: Any) -> Any:
    """A data sample whose annotations are tensors: w not below h, angles from 0 to pi."""
    boxes = sample.gt_instances.bboxes
    tensor = boxes if isinstance(boxes, Tensor) else boxes.tensor
    regular = RotatedBoxes(tensor.clone()).regularize_boxes(width_longer=True, start_angle=0)
    sample = sample.clone()
    sample.gt_instances = sample.gt_instances.clone()
    sample.gt_instances.bboxes = regular
    return sample
