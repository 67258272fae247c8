"""CGEarthEye large, pre-trained from scratch: crops of 224 and 98 pixels, 8 GPUs x 56 places. Never trained here."""

_base_ = [
    '../_base_/models/ssl_cgeartheye_large.py',
    '../_base_/datasets/jlssd.py',
    '../_base_/schedules/cgeartheye_pretrain_450k.py',
]
model = dict(backbone=dict(size='large'))
