"""Eleven pairs of LEVIR-CD, 256 px at 0.5 m, in three folders. The splits are positions in the order of the names."""

_base_ = './levir_cd.py'
data_root = '{{$MMRS_DATA:data}}/levir_cd_sample'
crop_size = (128, 128)
# Held out: scenes 102, 121 and 27; no tile of theirs is trained on.
train_pairs, test_pairs = [2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 10]
train_pipeline = [
    *_base_.load,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.97),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='mmrs.EachDate', transforms=[_base_.photometric]),
    _base_.pack,
]
samples = dict(
    _delete_=True,
    type='mmrs.ChangeDataset',
    data_root=data_root,
    data_prefix=dict(img_path='A', img_path2='B', seg_map_path='label'),
)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    dataset=dict(**samples, indices=train_pairs, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(**samples, indices=test_pairs, pipeline=_base_.test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
