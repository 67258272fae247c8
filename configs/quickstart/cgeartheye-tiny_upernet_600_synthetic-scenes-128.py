"""First steps with imagery that is too large to load: windows of synthetic scenes, a tiny vision transformer."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_scenes.py',
    '../_base_/schedules/mmseg_600.py',
]
model = dict(decode_head=dict(num_classes=7))
