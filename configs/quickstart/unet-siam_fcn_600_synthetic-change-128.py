"""First steps in change detection: a siamese U-Net, the plain baseline, on synthetic pairs."""

_base_ = [
    '../_base_/models/siam_unet.py',
    '../_base_/datasets/synthetic_change.py',
    '../_base_/schedules/change_600.py',
]
