"""First steps with radar: zones of glacier fronts on one band of SAR with a tiny U-Net."""

_base_ = [
    '../_base_/models/unet-tiny.py',
    '../_base_/datasets/caffe_glacier_sar.py',
    '../_base_/schedules/mmseg_150.py',
]
model = dict(
    data_preprocessor=dict(type='mmrs.SegDataPreProcessor', mean=[90.0], std=[60.0]),
    backbone=dict(in_channels=1),
    decode_head=dict(num_classes=4),
)
scene = dict(bands=[1])
