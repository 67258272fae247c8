"""Self-distillation of CGEarthEye; small, until a leaf names another size. See docs/pretraining-cgeartheye.md."""

data_preprocessor = dict(
    type='mmrs.CropPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
)  # ImageNet's, of RGB
head = dict(prototypes=65536, hidden_features=2048, bottleneck=256)
model = dict(
    type='mmrs.CGEarthEyePretrain',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='mmrs.CGEarthEye',
        size='small',
        img_size=224,
        layer_scale_init=1e-5,
        drop_path_rate=0.3,
        drop_path_rule='uniform',
    ),
    head=head,
    patch_head=head,
    targets=dict(method='sinkhorn', iterations=3),
    student_temperature=0.1,
    koleo_weight=0.1,
    packed=True,
)
