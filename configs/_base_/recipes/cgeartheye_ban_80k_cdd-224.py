"""BAN on CDD, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/ban_cgeartheye.py',
    '../datasets/cdd.py',
    '../schedules/change_80k.py',
]
model = dict(data_preprocessor=dict(size=(224, 224)), test_cfg=dict(_delete_=True, mode='whole'))
scene = dict(tile=256, overlap=64)
