"""The stage of MaRS on optical images alone; the leaf sets the size."""

_base_ = [
    '../models/ssl_mars_optical.py',
    '../datasets/optical_tiles.py',
    '../schedules/mars_pretrain_optical_50k.py',
]
