"""Two views of synthetic tiles, listed as for the second stage: see synthetic_mosaics.py."""

data_root = '{{$MMRS_DATA:data}}/synthetic-mosaics'
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmrs.SemanticMosaics',
        data_root=data_root,
        ann_files=['train.json'],
        tiles=1,
        palettes=dict(synthetic=[0, 1, 2, 3, 4, 5, 6]),
        pipeline=[
            dict(type='mmrs.LoadViews', views=2, size=(2, 2), cells=3, scale=32, regions=16),
            dict(type='mmrs.PackViews', modalities=('hr',)),
        ],
    ),
)
