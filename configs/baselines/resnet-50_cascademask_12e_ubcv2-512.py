"""ResNet-50 with Cascade Mask R-CNN on the optical bands of UBCv2: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/cascademask_resnet-50.py',
    '../_base_/datasets/ubcv2.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(
    roi_head=dict(
        bbox_head=[dict(head, num_classes=1) for head in _base_.heads],
        mask_head=[dict(head, num_classes=1) for head in _base_.mask_heads],
    ),
)
optical = dict(_base_.load[0], bands=[1, 2, 3])
train_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.test_pipeline[1:]]))
test_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.test_pipeline[1:]]))
