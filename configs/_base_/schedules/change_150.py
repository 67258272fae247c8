"""150 iterations of AdamW for toy change models: half a minute on a CPU."""

_base_ = './mmseg_150.py'
default_hooks = dict(checkpoint=dict(save_best='change/F1', rule='greater'))
visualizer = dict(type='mmrs.ChangeVisualizer')
