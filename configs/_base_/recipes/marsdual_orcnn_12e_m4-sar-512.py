"""Oriented R-CNN on M4-SAR, for both encoders of MaRS; the leaf sets the size."""

_base_ = [
    '../models/orcnn_fpn.py',
    '../datasets/m4sar.py',
    '../schedules/mmrotate_12e.py',
]
model = dict(
    # As in pre-training: optical, and radar of 8 bits.
    data_preprocessor=dict(mean=[87.01, 91.52, 83.51, 36.42], std=[62.66, 54.58, 53.11, 33.89]),
    roi_head=dict(bbox_head=dict(num_classes=6)),
)
scene = dict(tile=512, overlap=128, bands=[1, 2, 3, 4])
