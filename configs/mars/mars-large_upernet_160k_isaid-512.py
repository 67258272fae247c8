"""MaRS large, optical encoder, with UPerNet on iSAID. Never trained here."""

_base_ = ['./mars-base_upernet_160k_isaid-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.upernet}}
