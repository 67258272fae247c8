"""WHU-CD: building change at 0.075 m, tiles of 256 px enlarged to the 512 px of MaRS, in HANet's layout."""

_base_ = './levir_cd.py'
data_root = '{{$MMRS_DATA:data}}/WHU-CD256-HANet'
enlarge = dict(type='Resize', scale=(512, 512))
train_pipeline = [
    *_base_.load,
    enlarge,
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=0.75),  # quarter turns and flips
    _base_.pack,
]
# The label keeps its size: scores are those of the tiles as published.
test_pipeline = [_base_.load[0], enlarge, _base_.load[1], _base_.pack]
train_dataloader = dict(
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(layout='whu-cd', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(layout='whu-cd', data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(layout='whu-cd', data_root=data_root, pipeline=test_pipeline))
