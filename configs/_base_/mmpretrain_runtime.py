# Classification and pretraining on mmpretrain.
_base_ = './default_runtime.py'
default_scope = 'mmpretrain'
visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
default_hooks = dict(visualization=dict(type='VisualizationHook', enable=False))
tta_model = dict(type='AverageClsScoreTTA')
