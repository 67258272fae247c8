"""CGEarthEye huge, frozen, with siamese UPerNet on SYSU-CD. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_siamupernet_200e_sysu-cd-224.py', '../_base_/sizes/cgeartheye-huge.py']
model = {{_base_.cgeartheye.siamupernet}}
