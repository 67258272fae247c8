"""Oriented R-CNN on ResNet-50 and its usual neck: the plain baseline."""

_base_ = ['./orcnn_fpn.py', '../sizes/resnet-50.py']
model = dict(backbone={{_base_.resnet}}, neck=dict(in_channels=[256, 512, 1024, 2048]))
