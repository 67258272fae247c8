"""Decoder of DINO with oriented reference boxes (CGEarthEye specification, section 2.3, OBB)."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmdet.models.layers.transformer.deformable_detr_layers import DeformableDetrTransformerDecoderLayer
from mmdet.models.layers.transformer.dino_layers import DinoTransformerDecoder
from mmdet.models.layers.transformer.utils import MLP, coordinate_to_encoding, inverse_sigmoid
from mmengine.model import ModuleList
from torch import Tensor, nn

from mmrs.models.detection.rotated_attention import RotatedDeformableAttention


class RotatedDecoderLayer(DeformableDetrTransformerDecoderLayer):
    """A layer of Deformable DETR's decoder with rotated cross attention."""

    def _init_layers(self) -> None:
        options: dict = self.cross_attn_cfg  # type: ignore[has-type]
        self.cross_attn_cfg = {key: value for key, value in options.items() if key != 'geometry'}
        super()._init_layers()
        self.cross_attn = RotatedDeformableAttention(**options)


class RotatedDinoDecoder(DinoTransformerDecoder):
    """Refines boxes (cx, cy, w, h, angle), each relative to the image's sides and to half a turn."""

    def _init_layers(self) -> None:
        self.layers = ModuleList(RotatedDecoderLayer(**self.layer_cfg) for _ in range(self.num_layers))
        self.embed_dims = self.layers[0].embed_dims
        # 128 sines and cosines of each of cy, cx, w, h at the published width of 256.
        self.ref_point_head = MLP(self.embed_dims * 2, self.embed_dims, self.embed_dims, 2)
        self.norm = nn.LayerNorm(self.embed_dims)

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key_padding_mask: Tensor,
        self_attn_mask: Tensor,
        reference_points: Tensor,
        spatial_shapes: Tensor,
        level_start_index: Tensor,
        valid_ratios: Tensor,
        reg_branches: nn.ModuleList,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor]:
        """Runs all layers.

        Args:
            query: (B, Q, C).
            value: (B, keys, C), the encoder's memory.
            key_padding_mask: (B, keys).
            self_attn_mask: (Q, Q), None in testing.
            reference_points: (B, Q, 5), all in 0..1.
            spatial_shapes: (L, 2), height and width of each level.
            level_start_index: (L,).
            valid_ratios: (B, L, 2), share of the padded map that is image, x and y.
            reg_branches: Refinement of each layer.
            **kwargs: Given to the layers.

        Returns:
            (layers, B, Q, C) normalised states, and (layers + 1, B, Q, 5) boxes: the first as given, then the refined
            ones with the gradient of their own layer ("look forward twice").
        """
        half_turn = torch.full_like(valid_ratios[..., :1], math.pi)
        scale = torch.cat([valid_ratios, valid_ratios, half_turn], -1)[:, None]
        states, references = [], [reference_points]
        for layer, refine in zip(self.layers, reg_branches, strict=False):
            boxes = reference_points[:, :, None] * scale
            encoding = coordinate_to_encoding(boxes[:, :, 0, :4], num_feats=self.embed_dims // 2)
            query = layer(
                query,
                query_pos=self.ref_point_head(encoding),
                value=value,
                key_padding_mask=key_padding_mask,
                self_attn_mask=self_attn_mask,
                spatial_shapes=spatial_shapes,
                level_start_index=level_start_index,
                valid_ratios=valid_ratios,
                reference_points=boxes,
                **kwargs,
            )
            refined = (refine(query) + inverse_sigmoid(reference_points, eps=1e-3)).sigmoid()
            reference_points = refined.detach()
            states.append(self.norm(query))
            references.append(refined)
        return torch.stack(states), torch.stack(references)
