"""Names of SwinV2 and MaRS files, and their translation to ours (MaRS specification, sections 2.6 and 2.7).

Our layout is timm's (``layers.0.blocks.0.attn.qkv.weight``). The released encoders come from timm's ``features_only``
models, which write ``layers_0`` instead. A pre-training checkpoint holds both encoders, their teacher, the decoders and
the Meta-Modality Attention; our pre-training model has the same names.
"""

from __future__ import annotations

Rules = tuple[tuple[str, str], ...]

TIMM_MARKERS = ('patch_embed.proj.weight', 'layers.0.blocks.0.attn.logit_scale')
RELEASE_MARKERS = ('patch_embed.proj.weight', 'layers_0.blocks.0.attn.logit_scale')
# one branch is enough: the stage on optical images alone has no other
WHOLE_MARKERS = ('encoder_rgb.encoder.patch_embed.proj.weight', 'decoder_rgb.0.weight')

RELEASE_IN: Rules = ((r'layers_(\d+)\.(.+)', r'layers.\1.\2'),)
RELEASE_OUT: Rules = ((r'layers\.(\d+)\.(.+)', r'layers_\1.\2'),)

# The classifier over 1000 classes that every timm model is made with, and that nothing in MaRS uses.
CLASSIFIER = ('head.fc.weight', 'head.fc.bias')
# Dropped where the model that is loaded is known and has them not: released encoders are used without a final norm.
OPTIONAL = frozenset({'norm.weight', 'norm.bias'})
