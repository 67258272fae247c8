"""MaRS large, optical encoder before and radar encoder after the event, summed, with UPerNet on BRIGHT.
Never trained here."""

_base_ = ['./marsdual-base_upernet_50k_bright-512.py', '../_base_/sizes/mars-large.py']
model = dict(_base_.upernetdual, auxiliary_head=None)
