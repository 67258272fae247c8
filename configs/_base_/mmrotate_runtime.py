# Oriented detection on mmrotate.
_base_ = './default_runtime.py'
default_scope = 'mmrotate'
visualizer = dict(type='RotLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
default_hooks = dict(visualization=dict(type='mmdet.DetVisualizationHook'))
