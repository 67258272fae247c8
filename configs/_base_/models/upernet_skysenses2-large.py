"""UPerNet on the Sentinel-2 backbone of SkySense++ as in its fine-tuning: ViT-L with patches of 4 px, four maps of
one stride, widths 1024 to 512 in MultiLevelNeck. The leaf sets sensor and classes. Never trained here.
"""

_base_ = './upernet.py'
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type='mmrs.SegDataPreProcessor',
        sensor='sentinel2-l2a',
        pad_val=0,
        seg_pad_val=255,
        size=(256, 256),
    ),
    backbone=dict(
        type='mmrs.SkySenseS2',
        size='large',
        drop_rate=0.1,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-s2'),
    ),
    neck=dict(type='MultiLevelNeck', in_channels=[1024] * 4, out_channels=512, scales=[1, 1, 1, 1]),
    decode_head=dict(in_channels=[512] * 4),
    auxiliary_head=dict(in_channels=512),
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=256, overlap=64, bands=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
