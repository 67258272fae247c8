"""MaRS large, pre-trained on pairs, the corrected recipe, 8 GPUs x 12. Never trained here."""

_base_ = '../_base_/recipes/mars_large_ssl_12e_mars-16m-512.py'
