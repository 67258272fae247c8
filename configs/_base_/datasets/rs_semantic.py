"""RS-Semantic: annotation mosaics of eight tiles from thirteen sets, by their published lists."""

data_root = '{{$MMRS_DATA:data}}/rs-semantic'
sets = (
    'dynamic-mm pastis-mm vaihingen deepglobe potsdam fbp loveda isaid jl16-mm flair-mm s2naip-mm dfc20-mm c2segab-mm'
).split()
dataset = dict(
    type='mmrs.SemanticMosaics',
    data_root=data_root,
    # Nobody published what the 32 values of s2naip-mm are; 1 to 32 is a guess: compare it with the labels.
    palettes={'s2naip-mm': list(range(1, 33))},
    skip_bad=100,
)
train_dataloader = dict(
    batch_size=8,
    num_workers=16,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        dataset,
        ann_files=[f'{name}_train.json' for name in sets],
        pipeline=[
            dict(type='mmrs.LoadMosaic'),
            dict(type='mmrs.PaintAnnotation'),
            dict(type='mmrs.MaskAnnotation'),
            dict(type='mmrs.PackMosaic'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        dataset,
        ann_files=[f'{name}_val.json' for name in sets],
        skip_bad=0,
        test_mode=True,
        pipeline=[
            dict(type='mmrs.LoadMosaic', tile_area=None, area=None, flip=0.0, evenly=True),
            dict(type='mmrs.PaintAnnotation', shuffle=False),
            dict(type='mmrs.MaskAnnotation', lower_half=1.0),
            dict(type='mmrs.PackMosaic'),
        ],
    ),
)
val_evaluator = dict(type='mmrs.PromptIoU')
test_dataloader, test_evaluator = val_dataloader, val_evaluator
