"""Pre-training from scratch with crops of 224 pixels, for CGEarthEye small and base; the leaf sets the size."""

_base_ = [
    '../models/ssl_cgeartheye.py',
    '../datasets/jlssd.py',
    '../schedules/cgeartheye_pretrain_450k.py',
]
