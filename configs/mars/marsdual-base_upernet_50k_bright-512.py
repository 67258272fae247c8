"""MaRS base, optical encoder before and radar encoder after the event, summed, with UPerNet on BRIGHT; the recipe of
the dataset's baselines, the head our choice. Never trained here."""

_base_ = [
    '../_base_/models/upernet_marsdual-base.py',
    '../_base_/datasets/bright.py',
    '../_base_/schedules/mmseg_50k.py',
]
model = dict(
    data_preprocessor=dict(mean=[87.01, 91.52, 83.51, 36.42], std=[62.66, 54.58, 53.11, 33.89]),
    backbone=dict(modality_dropout=0.0),  # one date alone shows no damage
    decode_head=dict(
        num_classes=4,
        loss_decode=[
            dict(type='CrossEntropyLoss', loss_name='loss_ce', loss_weight=1.0, avg_non_ignore=True),
            dict(type='LovaszLoss', reduction='none', loss_weight=0.75),
        ],
    ),
    auxiliary_head=None,
    test_cfg=dict(stride=(256, 256)),
)
scene = dict(bands=[1, 2, 3, 4])
