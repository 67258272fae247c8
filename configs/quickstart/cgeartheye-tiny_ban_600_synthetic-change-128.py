"""First steps in change detection: BAN at toy size on synthetic pairs, minutes on two CPU cores."""

_base_ = [
    '../_base_/models/ban_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_change.py',
    '../_base_/schedules/change_600.py',
]
