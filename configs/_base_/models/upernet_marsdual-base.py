"""UPerNet on both encoders of MaRS base, optical and SAR, fused by a sum at every stage. Never trained here.

One encoder is left out in every fifth training step, so that the model maps with either sensor alone too.
"""

_base_ = './upernet.py'
model = dict(
    # Optical as in pre-training; SAR: the synthetic backscatter in dB.
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor',
        mean=[87.01, 91.52, 83.51, -14.0],
        std=[62.66, 54.58, 53.11, 6.0],
    ),
    backbone=dict(
        type='mmrs.DualSwinV2',
        size='base',
        bands=dict(rgb=(0, 1, 2), sar=(3,)),
        fusion='sum',
        modality_dropout=0.2,
        weights=dict(rgb='mars-base-rgb', sar='mars-base-sar'),
    ),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
find_unused_parameters = True  # the encoder that is left out gets no gradient
