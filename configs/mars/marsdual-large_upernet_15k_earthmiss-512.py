"""MaRS large, optical and SAR encoders summed, with UPerNet on EarthMiss. The protocol is
that of MetaRS, the head our choice. Never trained here."""

_base_ = ['./marsdual-base_upernet_15k_earthmiss-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.upernetdual}}
