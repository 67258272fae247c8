"""Pre-training of MaRS large on pairs; a leaf says which variant."""

_base_ = [
    '../models/ssl_mars.py',
    '../datasets/mars_16m.py',
    '../schedules/mars_pretrain_large_12e.py',
]
imagenet = 'swinv2-large-imagenet'
model = dict(size='large', weights=dict(rgb=imagenet, sar=imagenet), teacher_weights=imagenet)
train_dataloader = dict(batch_size=12)
