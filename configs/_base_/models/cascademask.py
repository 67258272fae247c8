"""Cascade R-CNN with a mask branch of four convolutions at every stage (MaRS specification, section 5.6).

The leaf sets backbone, widths of the neck and, in all of `heads` and `mask_heads`, the number of classes.
"""

_base_ = './cascade.py'
mask_heads = [
    dict(type='FCNMaskHead', num_convs=4, in_channels=256, conv_out_channels=256, loss_mask=loss)
    for loss in [dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)] * 3
]
model = dict(
    data_preprocessor=dict(pad_mask=True),
    roi_head=dict(
        mask_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=0),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
        mask_head=mask_heads,
    ),
    train_cfg=dict(rcnn=[dict(stage, mask_size=28) for stage in _base_.model.train_cfg.rcnn]),
    test_cfg=dict(rcnn=dict(mask_thr_binary=0.5)),
)
