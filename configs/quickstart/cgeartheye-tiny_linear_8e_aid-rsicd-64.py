"""First steps in scene classification: AID at 64 px with a tiny vision transformer, minutes on a CPU."""

_base_ = [
    '../_base_/models/linear_cgeartheye-tiny.py',
    '../_base_/datasets/scene_folders.py',
    '../_base_/schedules/mmpretrain_8e.py',
]
model = dict(head=dict(num_classes=30))
