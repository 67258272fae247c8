"""CGEarthEye base, frozen, with UPerNet on Potsdam. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_potsdam-518.py', '../_base_/sizes/cgeartheye-base.py']
model = {{_base_.cgeartheye.upernet}}
