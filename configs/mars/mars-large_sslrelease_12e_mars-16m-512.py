"""MaRS large, pre-trained on pairs as the released code does, slips included, 8 GPUs x 12. Never trained here."""

_base_ = ['../_base_/recipes/mars_large_ssl_12e_mars-16m-512.py', '../_base_/models/ssl_mars_release.py']
model = {{_base_.release}}
