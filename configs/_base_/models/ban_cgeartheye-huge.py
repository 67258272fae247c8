"""BAN on frozen CGEarthEye huge: features of blocks 8, 16, 24 and 32. Never trained here."""

_base_ = './ban_cgeartheye.py'
model = dict(
    backbone=dict(
        size='huge',
        out_indices=(7, 15, 23, 31),
        frozen_stages=32,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-huge-518'),
    ),
    decode_head=dict(ban_cfg=dict(clip_channels=1280)),
)
