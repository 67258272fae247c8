"""600 iterations of AdamW for small change models from scratch: minutes on a CPU."""

_base_ = './mmseg_600.py'
default_hooks = dict(checkpoint=dict(save_best='change/F1', rule='greater'))
visualizer = dict(type='mmrs.ChangeVisualizer')
