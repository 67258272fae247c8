"""Pre-training continued with crops of 518 pixels, for CGEarthEye small and base; the leaf sets the size."""

_base_ = [
    '../models/ssl_cgeartheye.py',
    '../datasets/jlssd_518.py',
    '../schedules/cgeartheye_pretrain_10k.py',
]
model = dict(backbone=dict(img_size=518))
