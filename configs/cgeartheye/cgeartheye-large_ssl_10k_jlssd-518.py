"""CGEarthEye large, pre-training continued with crops of 518 pixels, 8 GPUs x 8 places. Never trained here.

Start from the end of the stage before, with `--cfg-options` and
`load_from=work_dirs/cgeartheye-large_ssl_450k_jlssd-224/iter_450000.pth`.
"""

_base_ = '../_base_/recipes/cgeartheye_large_ssl_10k_jlssd-518.py'
model = dict(backbone=dict(size='large'))
