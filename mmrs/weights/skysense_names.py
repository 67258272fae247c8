"""Names of SkySense and SkySense++ files, and their translation to ours (SkySense++ specification, section 2.10).

A file holds one part (a backbone, the fusion transformer) or the whole model, whose parts have these names in front.
Attention weights come under two names, which mean the same array: ``in_proj_*`` as mmcv saves them, and ``Wqkv.*`` as
the packed attention of the release does. ``porj_linear`` is spelled so in every file.
"""

from __future__ import annotations

Rules = tuple[tuple[str, str], ...]

VIT_MARKERS = ('patch_embed.projection.weight', 'layers.0.attn.attn.out_proj.weight')
FUSION_MARKERS = ('porj_linear.weight', 'layers.0.attn.attn.out_proj.weight')
WHOLE_MARKERS = ('backbone_s2.patch_embed.projection.weight', 'fusion.porj_linear.weight')

# Part of the whole model, as the released files call it, and as we do.
PARTS = {
    'backbone_hr': 'backbone_hr',
    'backbone_gep': 'backbone_hr',
    'backbone_s2': 'backbone_s2',
    'backbone_s1': 'backbone_s1',
    'fusion': 'fusion',
}

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

# What a file may hold beyond the model that is loaded: the annotation branch where the backbone is used alone, the
# class token that no released model reads, and the calendar embedding that stage-1 files keep beside the backbone.
OPTIONAL = frozenset({'annotation.mask_token', 'annotation.tokens', 'annotation.weights', 'unused_cls_token', 'ctpe'})


def packed(name: str) -> str:
    """The name under which the release's packed attention saves an array."""
    return name.replace('.in_proj_', '.Wqkv.')
