"""Names of SkySense and SkySense++ files, and their translation to ours (SkySense++ specification, section 2.10).

A file holds one part (a backbone, the fusion transformer) or the whole model, whose parts have these names in front.
Attention weights come under two names, which mean the same array: ``in_proj_*`` as mmcv saves them, and ``Wqkv.*`` as
the packed attention of the release does. ``porj_linear`` is spelled so in every file.
"""

from __future__ import annotations

Rules = tuple[tuple[str, str], ...]

VIT_MARKERS = ('patch_embed.projection.weight', 'layers.0.attn.attn.out_proj.weight')
FUSION_MARKERS = ('porj_linear.weight', 'layers.0.attn.attn.out_proj.weight')
HR_MARKERS = ('patch_embed.projection.weight', 'stages.0.blocks.0.attn.w_msa.qkv.weight')
WHOLE_MARKERS = ('backbone_s2.patch_embed.projection.weight', 'fusion.porj_linear.weight')

_LAYERS_IN: Rules = (
    (r'layers\.(\d+)\.ln([12])\.(\w+)', r'blocks.\1.norm\2.\3'),
    (r'layers\.(\d+)\.attn\.attn\.(?:in_proj_|Wqkv\.)(weight|bias)', r'blocks.\1.attn.qkv.\2'),
    (r'layers\.(\d+)\.attn\.attn\.out_proj\.(\w+)', r'blocks.\1.attn.proj.\2'),
    (r'layers\.(\d+)\.ffn\.layers\.0\.0\.(\w+)', r'blocks.\1.mlp.fc1.\2'),
    (r'layers\.(\d+)\.ffn\.layers\.1\.(\w+)', r'blocks.\1.mlp.fc2.\2'),
)
_LAYERS_OUT: Rules = (
    (r'blocks\.(\d+)\.norm([12])\.(\w+)', r'layers.\1.ln\2.\3'),
    (r'blocks\.(\d+)\.attn\.qkv\.(\w+)', r'layers.\1.attn.attn.in_proj_\2'),
    (r'blocks\.(\d+)\.attn\.proj\.(\w+)', r'layers.\1.attn.attn.out_proj.\2'),
    (r'blocks\.(\d+)\.mlp\.fc1\.(\w+)', r'layers.\1.ffn.layers.0.0.\2'),
    (r'blocks\.(\d+)\.mlp\.fc2\.(\w+)', r'layers.\1.ffn.layers.1.\2'),
)
ANNOTATION_IN: Rules = (
    (r'mask_token', 'annotation.mask_token'),
    (r'vocabulary_token', 'annotation.tokens'),
    (r'vocabulary_weight', 'annotation.weights'),
)
ANNOTATION_OUT: Rules = tuple((new.replace('.', r'\.'), old) for old, new in ANNOTATION_IN)

VIT_IN: Rules = (
    *_LAYERS_IN,
    *ANNOTATION_IN,
    (r'patch_embed\.projection\.(\w+)', r'patch_embed.proj.\1'),
    (r'cls_token', 'unused_cls_token'),
    (r'ln1\.(\w+)', r'norm.\1'),
)
VIT_OUT: Rules = (
    *_LAYERS_OUT,
    *ANNOTATION_OUT,
    (r'patch_embed\.proj\.(\w+)', r'patch_embed.projection.\1'),
    (r'unused_cls_token', 'cls_token'),
    (r'norm\.(\w+)', r'ln1.\1'),
)
FUSION_IN: Rules = (*_LAYERS_IN, (r'porj_linear\.(\w+)', r'proj.\1'))
FUSION_OUT: Rules = (*_LAYERS_OUT, (r'proj\.(\w+)', r'porj_linear.\1'))

HR_IN: Rules = (
    *ANNOTATION_IN,
    (r'patch_embed\.projection\.(\w+)', r'patch_embed.proj.\1'),
    (r'stages\.(\d+)\.downsample\.(.+)', r'layers.\1.downsample.\2'),
    (r'stages\.(\d+)\.blocks\.(\d+)\.attn\.w_msa\.(.+)', r'layers.\1.blocks.\2.attn.\3'),
    (r'stages\.(\d+)\.blocks\.(\d+)\.ffn\.layers\.0\.0\.(\w+)', r'layers.\1.blocks.\2.mlp.fc1.\3'),
    (r'stages\.(\d+)\.blocks\.(\d+)\.ffn\.layers\.1\.(\w+)', r'layers.\1.blocks.\2.mlp.fc2.\3'),
    (r'stages\.(\d+)\.blocks\.(\d+)\.(norm\d\.\w+)', r'layers.\1.blocks.\2.\3'),
    (r'attn(\d)\.attn\.attn\.(?:in_proj_|Wqkv\.)(weight|bias)', r'global_attention.\1.qkv.\2'),
    (r'attn(\d)\.attn\.attn\.out_proj\.(\w+)', r'global_attention.\1.proj.\2'),
    (r'attn(\d)\.(proj_in|proj_out)\.(\w+)', r'global_attention.\1.\2.\3'),
    (r'norm3\.(\w+)', r'norm.\1'),
)
HR_OUT: Rules = (
    *ANNOTATION_OUT,
    (r'patch_embed\.proj\.(\w+)', r'patch_embed.projection.\1'),
    (r'layers\.(\d+)\.downsample\.(.+)', r'stages.\1.downsample.\2'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.attn\.(.+)', r'stages.\1.blocks.\2.attn.w_msa.\3'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc1\.(\w+)', r'stages.\1.blocks.\2.ffn.layers.0.0.\3'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc2\.(\w+)', r'stages.\1.blocks.\2.ffn.layers.1.\3'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.(norm\d\.\w+)', r'stages.\1.blocks.\2.\3'),
    (r'global_attention\.(\d)\.qkv\.(\w+)', r'attn\1.attn.attn.in_proj_\2'),
    (r'global_attention\.(\d)\.proj\.(\w+)', r'attn\1.attn.attn.out_proj.\2'),
    (r'global_attention\.(\d)\.(proj_in|proj_out)\.(\w+)', r'attn\1.\2.\3'),
    (r'norm\.(\w+)', r'norm3.\1'),
)
# Tables of SwinV2 that follow from the window size: never loaded, computed anew when a file is written.
DERIVED = ('.relative_coords_table', '.relative_position_index')

# What a file may hold beyond the model that is loaded: the annotation branch where the backbone is used alone, the
# class token that no released model reads, and the calendar embedding that stage-1 files keep beside the backbone.
OPTIONAL = frozenset({'annotation.mask_token', 'annotation.tokens', 'annotation.weights', 'unused_cls_token', 'ctpe'})


def packed(name: str) -> str:
    """The name under which the release's packed attention saves an array."""
    return name.replace('.in_proj_', '.Wqkv.')
