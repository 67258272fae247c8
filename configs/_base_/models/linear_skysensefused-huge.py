"""A linear layer on the mean of SkySense++'s fused map of three modalities; several classes an image.

The aerial image is brought to 256 px and Sentinel tiles to 8 px, so that their grids meet as in the pre-training, where
512 px lay over 16. The leaf sets the classes.
"""

model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='mmrs.ModalityPreprocessor',
        sensors=dict(hr='rgb', s2='sentinel2-l2a', s1='sentinel1-grd'),
        sizes=dict(hr=(256, 256), s2=(8, 8), s1=(8, 8)),
    ),
    backbone=dict(
        type='mmrs.SkySenseFused',
        backbone_hr=dict(arch='huge'),
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp'),
        frozen=True,
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', in_channels=1024, num_classes=15),
)
