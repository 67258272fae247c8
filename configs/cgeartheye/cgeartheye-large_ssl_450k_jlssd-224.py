"""CGEarthEye large, pre-trained from scratch: crops of 224 and 98 pixels, 8 GPUs x 56 places. Never trained here."""

_base_ = '../_base_/recipes/cgeartheye_large_ssl_450k_jlssd-224.py'
model = dict(backbone=dict(size='large'))
