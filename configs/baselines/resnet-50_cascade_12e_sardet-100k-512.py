"""ResNet-50 with Cascade R-CNN on SARDet-100K: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/cascade_resnet-50.py',
    '../_base_/datasets/sardet_100k.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(roi_head=dict(bbox_head=[dict(head, num_classes=6) for head in _base_.heads]))
