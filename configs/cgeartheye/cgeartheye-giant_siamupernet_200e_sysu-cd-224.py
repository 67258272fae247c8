"""CGEarthEye giant, frozen, with siamese UPerNet on SYSU-CD. Published: 83.47 F1 of change. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_siamupernet_200e_sysu-cd-224.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.siamupernet}}
