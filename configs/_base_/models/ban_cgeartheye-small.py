"""BAN on frozen CGEarthEye small: features of blocks 3, 6, 9 and 12. Never trained here."""

_base_ = './ban_cgeartheye.py'
model = dict(
    backbone=dict(
        size='small',
        out_indices=(2, 5, 8, 11),
        frozen_stages=12,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-small-518'),
    ),
    decode_head=dict(ban_cfg=dict(clip_channels=384)),
)
