"""MaRS large, optical encoder shared by both dates, with its change decoder on WHU-CD. Never trained here."""

_base_ = ['./mars-base_changedecoder_100e_whu-cd-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.changedecoder}}
