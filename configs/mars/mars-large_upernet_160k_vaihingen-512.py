"""MaRS large, optical encoder, with UPerNet on Vaihingen. Never trained here."""

_base_ = ['./mars-base_upernet_160k_vaihingen-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.upernet}}
