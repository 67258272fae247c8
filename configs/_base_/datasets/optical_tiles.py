"""Very-high-resolution optical tiles of 512 pixels or more, in folders of any depth: your own, no list is published."""

_base_ = './mars_16m.py'
data_root = '{{$MMRS_DATA:data}}/optical-tiles'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmrs.OpticalTiles',
        data_root=data_root,
        pipeline=[
            dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
            {{_base_.check}},
            {{_base_.crop}},
            {{_base_.normalise}},
            {{_base_.mask}},
            {{_base_.pack}},
        ],
    )
)
