"""Pre-training of MaRS large on pairs; a leaf says which variant."""

_base_ = [
    '../models/ssl_mars.py',
    '../datasets/mars_16m.py',
    '../schedules/mars_pretrain_large_12e.py',
]
large = 'swinv2-large-imagenet'
model = dict(size='large', weights=dict(rgb=large, sar=large), teacher_weights=large)
train_dataloader = dict(batch_size=12)
