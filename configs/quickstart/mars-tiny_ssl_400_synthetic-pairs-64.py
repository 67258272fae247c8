"""First steps in pre-training MaRS: synthetic pairs, two tiny encoders and a probe of each."""

_base_ = [
    '../_base_/models/ssl_mars-tiny.py',
    '../_base_/datasets/synthetic_pairs.py',
    '../_base_/schedules/mars_pretrain_400.py',
]
default_hooks = dict(probe_rgb={{_base_.probe_rgb}}, probe_sar={{_base_.probe_sar}})
