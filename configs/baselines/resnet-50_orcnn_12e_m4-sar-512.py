"""ResNet-50 with Oriented R-CNN on the optical images of M4-SAR: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/orcnn_resnet-50.py',
    '../_base_/datasets/m4sar.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=6)))
optical = dict(type='mmrs.LoadRaster', bands=[1, 2, 3])
train_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.test_pipeline[1:]]))
test_dataloader = dict(dataset=dict(pipeline=[optical, *_base_.test_pipeline[1:]]))
scene = dict(tile=512, overlap=128)
