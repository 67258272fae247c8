"""JLSSD with global crops of 518 pixels; local and seasonal ones stay at 98."""

_base_ = './jlssd.py'
large = dict(type='RandomResizedCrop', scale=518, crop_ratio_range=(0.32, 1.0), interpolation='bicubic')
crops = dict(
    type='mmrs.SeasonalCrops',
    global_pipelines=[
        [large, {{_base_.flips}}, {{_base_.first_light}}],
        [large, {{_base_.flips}}, {{_base_.second_light}}],
    ],
    local_pipeline={{_base_.local_pipeline}},
    seasonal_pipeline={{_base_.seasonal_pipeline}},
    num_local=8,
    num_seasonal=3,
    anchor='random',
)
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=[{{_base_.load}}, crops]))
