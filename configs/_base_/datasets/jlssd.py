"""Places at up to four seasons, one folder a quarter: JLSSD, which is not published, or your own in its layout.

Two global crops of 224 pixels, eight local ones of 98, of which those of other seasons replace up to three. Crops,
light and blur are DINOv2's; flips top to bottom and crops of other seasons without change of light are of the report.
"""

data_root = '{{$MMRS_DATA:data}}/jlssd'
flips = dict(
    type='RandomApply',
    prob=1.0,
    transforms=[
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='RandomFlip', prob=0.5, direction='vertical'),
    ],
)
jitter = dict(
    type='RandomApply',
    prob=0.8,
    transforms=[
        dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1, backend='cv2'),
    ],
)
grey = dict(
    type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.299, 0.587, 0.114), color_format='rgb'
)
blur = dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf')
first_light = dict(type='RandomApply', prob=1.0, transforms=[jitter, grey, dict(prob=1.0, **blur)])
second_light = dict(
    type='RandomApply',
    prob=1.0,
    transforms=[jitter, grey, dict(prob=0.1, **blur), dict(type='Solarize', thr=128, prob=0.2)],
)
local_light = dict(type='RandomApply', prob=1.0, transforms=[jitter, grey, dict(prob=0.5, **blur)])
load = dict(type='mmrs.LoadSeasons', bands=[1, 2, 3])
large = dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.32, 1.0), interpolation='bicubic')
small = dict(type='RandomResizedCrop', scale=98, crop_ratio_range=(0.05, 0.32), interpolation='bicubic')
local_pipeline = [small, flips, local_light]
seasonal_pipeline = [small, flips]
crops = dict(
    type='mmrs.SeasonalCrops',
    global_pipelines=[[large, flips, first_light], [large, flips, second_light]],
    local_pipeline=local_pipeline,
    seasonal_pipeline=seasonal_pipeline,
    num_local=8,
    num_seasonal=3,
    anchor='random',
)
train_dataloader = dict(
    batch_size=56,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='mmrs.collate_crops', patch_size=14, mask_ratio=(0.1, 0.5), mask_probability=0.5),
    dataset=dict(
        type='mmrs.SeasonDataset', data_root=data_root, seasons=('q1', 'q2', 'q3', 'q4'), pipeline=[load, crops]
    ),
)
