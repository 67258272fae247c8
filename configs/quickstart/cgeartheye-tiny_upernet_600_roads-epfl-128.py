"""First steps on real imagery: roads on aerial RGB with the tiny vision transformer."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-tiny.py',
    '../_base_/datasets/roads_epfl.py',
    '../_base_/schedules/mmseg_600.py',
]
model = dict(decode_head=dict(num_classes=2))
