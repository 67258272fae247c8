"""First steps in change detection on real pairs: buildings of LEVIR-CD with a siamese U-Net."""

_base_ = [
    '../_base_/models/siam_unet.py',
    '../_base_/datasets/levir_cd_sample.py',
    '../_base_/schedules/change_150.py',
]
model = dict(backbone=dict(strides=(2, 1, 1, 1, 1)))  # half resolution inside
