"""C2SMS floods: Sentinel-2 with 10 bands of 512 px in .npz, listed in JSON."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/c2smsfloods'
train_pipeline = [
    dict(type='mmrs.LoadRaster'),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(256, 256), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=2, dataset=dict(name='c2smsfloods', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='c2smsfloods', data_root=data_root))
test_dataloader = val_dataloader
