"""Plain layers shared by the backbones: no registry, no config."""

from mmrs.models.layers.annotation import AnnotationEmbed, beside, merge_halves
from mmrs.models.layers.feature_stride import to_stride
from mmrs.models.layers.mlp import SwiGLU, swiglu_width
from mmrs.models.layers.pos_embed import POS_EMBED_MODES, PosEmbedMode, resize_pos_embed
from mmrs.models.layers.vit_block import DropPathBranches, ViTBlock

__all__ = [
    'POS_EMBED_MODES',
    'AnnotationEmbed',
    'DropPathBranches',
    'PosEmbedMode',
    'SwiGLU',
    'ViTBlock',
    'beside',
    'merge_halves',
    'resize_pos_embed',
    'swiglu_width',
    'to_stride',
]
