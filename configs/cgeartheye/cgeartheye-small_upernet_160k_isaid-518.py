"""CGEarthEye small, frozen, with UPerNet on iSAID. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_isaid-518.py', '../_base_/sizes/cgeartheye-small.py']
model = {{_base_.cgeartheye.upernet}}
