# Oriented detection on mmrotate.
_base_ = './default_runtime.py'
default_scope = 'mmrotate'
visualizer = dict(type='RotLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
default_hooks = dict(visualization=dict(type='mmdet.DetVisualizationHook'))
tta_model = dict(
    type='mmrs.RotatedTTAModel', tta_cfg=dict(nms=dict(type='nms_rotated', iou_threshold=0.1), max_per_img=2000)
)
