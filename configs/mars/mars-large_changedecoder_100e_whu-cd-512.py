"""MaRS large, optical encoder shared by both dates, with its change decoder on WHU-CD. Never trained here."""

_base_ = [
    '../_base_/models/changedecoder_mars-large.py',
    '../_base_/datasets/whu_cd.py',
    '../_base_/schedules/change_100e.py',
]
