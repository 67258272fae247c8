"""BAN on frozen CGEarthEye giant: features of blocks 10, 20, 30 and 40. Never trained here."""

_base_ = './ban_cgeartheye.py'
model = dict(
    backbone=dict(
        size='giant',
        out_indices=(9, 19, 29, 39),
        frozen_stages=40,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-giant-518'),
    ),
    decode_head=dict(ban_cfg=dict(clip_channels=1536)),
)
