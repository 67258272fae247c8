"""CGEarthEye base, frozen, with BAN on CDD. Never trained here."""

_base_ = [
    '../_base_/models/ban_cgeartheye-base.py',
    '../_base_/datasets/cdd.py',
    '../_base_/schedules/change_80k.py',
]
model = dict(data_preprocessor=dict(size=(224, 224)), test_cfg=dict(_delete_=True, mode='whole'))
scene = dict(tile=256, overlap=64)
