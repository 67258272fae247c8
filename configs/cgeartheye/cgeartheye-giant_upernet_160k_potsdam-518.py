"""CGEarthEye giant, frozen, with UPerNet on Potsdam. The paper reports 93.53 mF1. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_potsdam-518.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.upernet}}
