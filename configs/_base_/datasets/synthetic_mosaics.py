"""Pairs of annotated synthetic tiles, one above the other.

`mmrs data synth data/synthetic-mosaics --gsd 2`, and, in that folder, for `train` and for `val`:
`mmrs data annotations train.json --set synthetic --values 0,1,2,3,4,5,6 --hr img_dir/train --labels ann_dir/train`
"""

data_root = '{{$MMRS_DATA:data}}/synthetic-mosaics'
mosaic = dict(type='mmrs.LoadMosaic', layout=(2, 1), size=(2, 1), cells=1, scale=32, area=None)
dataset = dict(
    type='mmrs.SemanticMosaics',
    data_root=data_root,
    ann_files=['train.json'],
    tiles=2,
    vocabulary_size=8,
    palettes=dict(synthetic=[0, 1, 2, 3, 4, 5, 6]),
    pipeline=[
        dict(mosaic, tile_area=(0.6, 1.0)),
        dict(type='mmrs.PaintAnnotation', vocabulary_size=8),
        dict(type='mmrs.MaskAnnotation', grid=(2, 1), lower_half=0.5),
        dict(type='mmrs.PackMosaic', modalities=('hr',)),
    ],
)
loader = dict(num_workers=2, persistent_workers=True, collate_fn=dict(type='default_collate'))
train_dataloader = dict(
    loader,
    batch_size=16,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dataset,
)
val_dataloader = dict(
    loader,
    batch_size=16,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        ann_files=['val.json'],
        test_mode=True,
        repeats=20,
        pipeline=[
            dict(mosaic, tile_area=None, flip=0.0),
            dict(type='mmrs.PaintAnnotation', vocabulary_size=8, shuffle=False),
            dict(type='mmrs.MaskAnnotation', grid=(2, 1), lower_half=1.0),
            dict(type='mmrs.PackMosaic', modalities=('hr',)),
        ],
    ),
)
val_evaluator = dict(type='mmrs.PromptIoU')
test_dataloader, test_evaluator = val_dataloader, val_evaluator
