"""Patches of 128 pixels cut from synthetic optical and SAR tiles, see docs/pretraining-mars.md.

The probes learn land cover from a few of these tiles, and are tested on tiles of other places.
"""

data_root = '{{$MMRS_DATA:data}}/synthetic-pairs'
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmrs.MaRSPairs',
        data_root=f'{data_root}/train',
        folders={'synthetic-sar_patches': 'synthetic-sar'},
        pipeline=[
            dict(type='mmrs.LoadRaster', keys=('img_path', 'sar_path')),
            dict(type='mmrs.RandomResizedPair', size=64, area=(0.2, 1.0)),
            dict(type='mmrs.NormalizeBySensor'),
            dict(type='mmrs.BlockMask', mask_patch_size=16, patch_size=4, mask_ratio=0.6),
            dict(type='mmrs.PackPair'),
        ],
    ),
)


labels = dict(
    type='mmrs.SyntheticLandCover',
    _scope_='mmseg',
    data_root='{{$MMRS_DATA:data}}/synthetic',
)
pack = [dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
rgb = dict(labels, pipeline=[dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), *pack])
sar = dict(labels, pipeline=[dict(type='mmrs.LoadRaster', bands=[1]), *pack])
# 16 tiles give 1,024 labelled patches.
probe_rgb = dict(
    type='mmrs.ProbeHook',
    name='probe_rgb',
    module='encoder_rgb',
    mean=[87.01, 91.52, 83.51],
    std=[62.66, 54.58, 53.11],
    train=dict(rgb, indices=16, data_prefix=dict(img_path='img_dir/train', seg_map_path='ann_dir/train')),
    val=dict(rgb, data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val')),
)
probe_sar = dict(
    type='mmrs.ProbeHook',
    name='probe_sar',
    module='encoder_sar',
    mean=[-14.0],
    std=[6.0],
    train=dict(sar, indices=16, data_prefix=dict(img_path='sar_dir/train', seg_map_path='ann_dir/train')),
    val=dict(sar, data_prefix=dict(img_path='sar_dir/val', seg_map_path='ann_dir/val')),
)
