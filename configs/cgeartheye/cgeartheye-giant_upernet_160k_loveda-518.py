"""CGEarthEye giant, frozen, with UPerNet on LoveDA. The paper reports 56.67 mIoU. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_loveda-518.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.upernet}}
