"""Synthetic pairs as places of two dates: `mmrs data synth data/synthetic-change --task change`."""

_base_ = './jlssd.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-change'
large = dict(type='RandomResizedCrop', scale=64, crop_ratio_range=(0.32, 1.0), interpolation='bicubic')
small = dict(type='RandomResizedCrop', scale=32, crop_ratio_range=(0.05, 0.32), interpolation='bicubic')
crops = dict(
    type='mmrs.SeasonalCrops',
    global_pipelines=[
        [large, {{_base_.flips}}, {{_base_.first_light}}],
        [large, {{_base_.flips}}, {{_base_.second_light}}],
    ],
    local_pipeline=[small, {{_base_.flips}}, {{_base_.local_light}}],
    seasonal_pipeline=[small, {{_base_.flips}}],
    num_local=6,
    num_seasonal=1,
)
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(patch_size=8),
    dataset=dict(data_root=f'{data_root}/train', seasons=('A', 'B'), pipeline=[{{_base_.load}}, crops]),
)
