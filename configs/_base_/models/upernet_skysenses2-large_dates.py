"""UPerNet on 30 dates of the Sentinel-2 backbone of SkySense++, joined by its fusion transformer. Never trained here.

Every date is encoded alone; the projection into the transformer has another width than the released one and starts
anew. The leaf sets sensor and classes.
"""

_base_ = './upernet_skysenses2-large.py'
dates = 30
model = dict(
    data_preprocessor=dict(size=(24, 24), dates=dates),
    backbone=dict(dates=dates),
    neck=dict(
        _delete_=True,
        type='mmrs.DateFusionNeck',
        dates=dates,
        levels=dict(type='MultiLevelNeck', in_channels=[1024] * 4, out_channels=1024, scales=[1, 1, 1, 1]),
        fusion=dict(
            input_dims=1024,
            drop_path_rate=0.3,
            with_cp=True,
            init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-mmseg-fusion', min_coverage=0.99),
        ),
    ),
    decode_head=dict(in_channels=[1024] * 4),
    auxiliary_head=dict(in_channels=1024),
)
scene = dict(tile=24, overlap=6, bands=list(range(1, 10 * dates + 1)))
