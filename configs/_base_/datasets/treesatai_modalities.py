"""TreeSatAI: 15 genera, several a plot of 60 m, from an aerial image and series of Sentinel-2 and Sentinel-1.

Aerial files hold near infrared before red, green and blue, Sentinel-2 files B8 after B4: `bands` brings both into the
order of the model. A plot with one date gives it as often as asked for.
"""

data_root = '{{$MMRS_DATA:data}}/treesatai'
files = dict(
    hr=dict(key='img_path', bands=[2, 3, 4]),
    s2=dict(key='s2_path', bands=[1, 2, 3, 5, 6, 7, 4, 8, 9, 10], dates=20),
    s1=dict(key='s1_path', bands=[1, 2], dates=10),
)
train_pipeline = [
    dict(type='mmrs.LoadModalities', files=files),
    dict(type='mmrs.FlipModalities', prob=0.5),
    dict(type='mmrs.PackModalities'),
]
test_pipeline = [dict(type='mmrs.LoadModalities', files=files, evenly=True), dict(type='mmrs.PackModalities')]
samples = dict(type='mmrs.TreeSatAI', data_root=data_root)
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**samples, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**samples, split='test', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='AveragePrecision'), dict(type='MultiLabelMetric', average='macro')]
test_evaluator = val_evaluator
