"""Cascade R-CNN with masks on ResNet-50: the plain baseline."""

_base_ = ['./cascademask.py', '../sizes/resnet-50.py']
model = dict(backbone={{_base_.resnet}})
