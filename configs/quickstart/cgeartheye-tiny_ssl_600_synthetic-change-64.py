"""First steps in self-distillation: synthetic places at two dates, a tiny vision transformer. Never trained here."""

_base_ = [
    '../_base_/models/ssl_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_seasons.py',
    '../_base_/schedules/cgeartheye_pretrain_600.py',
]
