"""MaRS base, optical and SAR encoders summed, with UPerNet on synthetic land cover. Never trained here."""

_base_ = [
    '../_base_/models/upernet_marsdual-base.py',
    '../_base_/datasets/synthetic_optical_sar.py',
    '../_base_/schedules/mmseg_600.py',
]
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    decode_head=dict(num_classes=7),
    auxiliary_head=dict(num_classes=7),
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=256, overlap=64, bands=[1, 2, 3, 4], batch_size=4)
