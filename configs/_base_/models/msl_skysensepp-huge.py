"""Second stage of SkySense++ at the published sizes, from SkySense's weights. See docs/pretraining-skysensepp.md."""

find_unused_parameters = True  # batches differ in the modalities that they hold
stage1 = dict(type='mmrs.Pretrained', min_coverage=0.98)  # the annotations' tensors are new
sentinel = dict(with_cp=True, drop_path_rate=0.3)
model = dict(
    type='mmrs.SkySensePretrain',
    network=dict(
        vocabulary_size=64,
        backbone_hr=dict(with_cp=True, drop_path_rate=0.2, init_cfg=dict(stage1, checkpoint='skysense-hr')),
        backbone_s2=dict(sentinel, init_cfg=dict(stage1, checkpoint='skysense-s2')),
        backbone_s1=dict(sentinel, init_cfg=dict(stage1, checkpoint='skysense-s1')),
        fusion=dict(drop_path_rate=0.3, with_cp=True, init_cfg=dict(stage1, checkpoint='skysense-fusion')),
        completion=dict(),
        head=dict(norm_cfg=dict(type='SyncBN')),
        frozen_depths=dict(backbone_hr=12, backbone_s2=12, backbone_s1=12, fusion=(3, 24)),
    ),
)
scene = dict(tile=512, overlap=128, bands=[1, 2, 3], batch_size=8)
