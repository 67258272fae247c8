"""Oriented detection on real imagery: rotated FCOS at toy size on small tiles of DOTA, after synthetic ones."""

_base_ = [
    '../_base_/models/rfcos_resnet-18.py',
    '../_base_/datasets/dota_128.py',
    '../_base_/schedules/mmrotate_600.py',
]
model = dict(bbox_head=dict(num_classes=15))
