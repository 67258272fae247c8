# Segmentation and other dense tasks on mmsegmentation.
_base_ = './default_runtime.py'
default_scope = 'mmseg'
visualizer = dict(type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
default_hooks = dict(visualization=dict(type='SegVisualizationHook'))
tta_model = dict(type='SegTTAModel')
