"""Pre-training from scratch with crops of 224 pixels, for CGEarthEye large, huge and giant; the leaf sets the size."""

_base_ = [
    '../models/ssl_cgeartheye_large.py',
    '../datasets/jlssd.py',
    '../schedules/cgeartheye_pretrain_450k.py',
]
