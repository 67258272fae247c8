"""Pre-training continued with crops of 518 pixels, for CGEarthEye large, huge and giant; the leaf sets the size."""

_base_ = [
    '../models/ssl_cgeartheye_large.py',
    '../datasets/jlssd_518.py',
    '../schedules/cgeartheye_pretrain_10k.py',
]
model = dict(backbone=dict(img_size=518))
