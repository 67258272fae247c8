"""Self-distillation on real places of one to three dates, a tiny vision transformer, with a probe on AID."""

_base_ = [
    '../_base_/models/ssl_cgeartheye-tiny.py',
    '../_base_/schedules/cgeartheye_pretrain_300.py',
    '../_base_/datasets/place_seasons.py',
]
default_hooks = dict(probe={{_base_.probe}})
