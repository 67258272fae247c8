"""CGEarthEye huge, frozen, with UPerNet on Potsdam. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_potsdam-518.py', '../_base_/sizes/cgeartheye-huge.py']
model = {{_base_.cgeartheye.upernet}}
