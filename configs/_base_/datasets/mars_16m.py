"""Optical and SAR patches of MaRS-16M, of which a demo subset is public, or those of `mmrs data build`."""

data_root = '{{$MMRS_DATA:data}}/MaRS-16M'
load = dict(type='mmrs.LoadRaster', keys=('img_path', 'sar_path'))
check = dict(type='mmrs.RefuseEmptyPair')
crop = dict(type='mmrs.RandomResizedPair', size=512, area=(0.7, 1.0))
normalise = dict(type='mmrs.NormalizeBySensor')
mask = dict(type='mmrs.BlockMask', mask_patch_size=32, patch_size=4, mask_ratio=0.6)
pack = dict(type='mmrs.PackPair')
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmrs.MaRSPairs',
        data_root=data_root,
        folders=dict(Umbra_patches='umbra', Capella_patches='capella'),
        pipeline=[load, check, crop, normalise, mask, pack],
    ),
)
