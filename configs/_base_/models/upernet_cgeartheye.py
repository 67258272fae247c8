"""UPerNet on a frozen CGEarthEye: four blocks' features and MultiLevelNeck before the heads of `upernet.py`.

The sizes beside this file set the widths; the leaf sets the number of classes. Frozen: no gradient, no DropPath.
"""

_base_ = './upernet.py'
model = dict(
    data_preprocessor=dict(size=(518, 518)),
    backbone=dict(type='mmrs.CGEarthEye', img_size=518, out_type='featmap'),
    neck=dict(type='MultiLevelNeck', scales=[4, 2, 1, 0.5]),
    # Windows of 518 px every 378 px: four cover a tile of 896 px exactly.
    test_cfg=dict(crop_size=(518, 518), stride=(378, 378)),
)
scene = dict(tile=518, overlap=126)
