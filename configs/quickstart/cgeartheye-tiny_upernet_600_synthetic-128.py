"""First steps: a tiny vision transformer on synthetic land cover, minutes on two CPU cores. Trained by `make demo`."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_landcover.py',
    '../_base_/schedules/mmseg_600.py',
]
# Buildings cover 1 % of the ground: without weights, a short training may never draw one.
# Water, trees, grass, crops, bare, road, building. mmseg's loss fails with `avg_non_ignore` beside them.
class_weight = [1.0, 0.6, 0.5, 0.8, 2.0, 1.5, 4.0]
model = dict(decode_head=dict(loss_decode=dict(class_weight=class_weight, avg_non_ignore=False)))
