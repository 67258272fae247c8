"""Pre-training of MaRS base on pairs; a leaf says which variant."""

_base_ = [
    '../models/ssl_mars.py',
    '../datasets/mars_16m.py',
    '../schedules/mars_pretrain_12e.py',
]
imagenet = 'swinv2-base-imagenet'
model = dict(weights=dict(rgb=imagenet, sar=imagenet), teacher_weights=imagenet)
