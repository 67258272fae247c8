"""MaRS base, the radar encoder on one band, with Cascade R-CNN on SARDet-100K; normalised as 8-bit radar images in its
pre-training. Never trained here."""

_base_ = './mars-base_cascade_12e_sardet-100k-512.py'
model = dict(
    data_preprocessor=dict(_delete_=True, type='mmrs.DetDataPreprocessor', sensor='umbra', pad_size_divisor=32),
    backbone=dict(modality='sar', init_cfg=dict(checkpoint='mars-base-sar')),
)
train_dataloader = dict(dataset=dict(pipeline=[dict(_base_.load[0], bands=[1]), *_base_.train_pipeline[1:]]))
test_pipeline = [dict(_base_.load[0], bands=[1]), *_base_.test_pipeline[1:]]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
scene = dict(bands=[1])
