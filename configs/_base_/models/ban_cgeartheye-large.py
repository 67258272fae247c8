"""BAN on frozen CGEarthEye large: features of blocks 6, 12, 18 and 24. Never trained here."""

_base_ = './ban_cgeartheye.py'
model = dict(
    backbone=dict(
        size='large',
        out_indices=(5, 11, 17, 23),
        frozen_stages=24,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-large-518'),
    ),
    decode_head=dict(ban_cfg=dict(clip_channels=1024)),
)
