"""Plain layers shared by the backbones: no registry, no config."""

from mmrs.models.layers.annotation import AnnotationEmbed, beside, embed_annotations, merge_halves
from mmrs.models.layers.feature_stride import to_stride
from mmrs.models.layers.global_attention import GlobalAttention
from mmrs.models.layers.meta_attention import MetaModalityAttention
from mmrs.models.layers.mlp import SwiGLU, swiglu_width
from mmrs.models.layers.modality_fusion import MAP_FUSIONS, MapFusion, fuse_maps
from mmrs.models.layers.pos_embed import POS_EMBED_MODES, PosEmbedMode, resize_pos_embed
from mmrs.models.layers.swin_block import MergeOrder, PatchMerging, SwinBlockV2
from mmrs.models.layers.vit_block import DropPathBranches, ViTBlock
from mmrs.models.layers.window_attention import WindowAttentionV2, relative_coords, relative_index
from mmrs.models.layers.windows import WINDOW_RULES, WindowPlan, WindowRule, plan_windows

__all__ = [
    'MAP_FUSIONS',
    'POS_EMBED_MODES',
    'WINDOW_RULES',
    'AnnotationEmbed',
    'DropPathBranches',
    'GlobalAttention',
    'MapFusion',
    'MergeOrder',
    'MetaModalityAttention',
    'PatchMerging',
    'PosEmbedMode',
    'SwiGLU',
    'SwinBlockV2',
    'ViTBlock',
    'WindowAttentionV2',
    'WindowPlan',
    'WindowRule',
    'beside',
    'embed_annotations',
    'fuse_maps',
    'merge_halves',
    'plan_windows',
    'relative_coords',
    'relative_index',
    'resize_pos_embed',
    'swiglu_width',
    'to_stride',
]
