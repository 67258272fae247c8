"""First steps with many bands: water on Sentinel-1 and Sentinel-2 together, the west of one chip for the east."""

_base_ = [
    '../_base_/models/unet-tiny.py',
    '../_base_/datasets/sen1floods11_chip.py',
    '../_base_/schedules/mmseg_150.py',
]
model = dict(
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor',
        # VV and VH in dB, then 13 bands of Sentinel-2, of the western half; B10 holds next to nothing.
        mean=[-10, -18, 1540, 1350, 1390, 1400, 1600, 2040, 2370, 2180, 2480, 390, 10, 1750, 1060],
        std=[4.8, 4.6, 150, 260, 330, 480, 420, 580, 690, 690, 810, 120, 10, 800, 590],
    ),
    backbone=dict(in_channels=15),
    # A fifth of the west is water. mmseg's loss fails with `avg_non_ignore` beside class weights.
    decode_head=dict(num_classes=2, loss_decode=dict(class_weight=[1.0, 2.0], avg_non_ignore=False)),
)
scene = dict(bands=[*range(1, 16)])
