"""MaRS large, optical encoder, with UPerNet on Potsdam. Never trained here."""

_base_ = ['./mars-base_upernet_160k_potsdam-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.upernet}}
