"""ResNet-50 of ImageNet for detectors: the plain baseline. The files `../models/*_resnet-50.py` take it by name."""

resnet = dict(
    type='mmdet.ResNet',
    depth=50,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    frozen_stages=1,
    norm_cfg=dict(type='BN', requires_grad=False),
    norm_eval=True,
    style='pytorch',
    init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
)
# Without the finest stage, for detection transformers.
resnet_upper = dict(resnet, out_indices=(1, 2, 3))
