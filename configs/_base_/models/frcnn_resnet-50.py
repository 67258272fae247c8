"""Faster R-CNN on ResNet-50: the plain baseline."""

_base_ = ['./frcnn.py', '../sizes/resnet-50.py']
model = dict(backbone={{_base_.resnet}})
