"""MaRS base, pre-training continued on optical images alone, 8 GPUs x 16. Never trained here.

Start from the end of the stage on pairs, with `--cfg-options` and
`load_from=work_dirs/mars-base_ssl_12e_mars-16m-512/iter_393396.pth`.
"""

_base_ = '../_base_/recipes/mars_ssloptical_50k_optical-tiles-512.py'
model = dict(size='base')
