"""CGEarthEye giant, frozen, with UPerNet on iSAID. The paper reports 69.51 mIoU. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_160k_isaid-518.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.upernet}}
