"""A linear layer on the class token of a frozen CGEarthEye, as in its scene classification. Never trained here.

The head starts from zero; labels are smoothed as in ClassyVision: 0.1 / 1.1 of the weight goes to all classes alike.
The leaf sets size, depth, width and classes. Images reach the network as RGB (`mmrs.LoadRaster`), hence no `to_rgb`.
"""

model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False),
    backbone=dict(
        type='mmrs.CGEarthEye',
        size='base',
        img_size=518,
        out_type='cls_token',
        frozen_stages=12,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-base-518'),
    ),
    head=dict(
        type='VisionTransformerClsHead',
        in_channels=768,
        num_classes=30,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='classy_vision'),
        topk=(1, 5),
    ),
)
