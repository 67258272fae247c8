"""60 epochs in mmdetection, the best AP50 kept."""

_base_ = ['../mmdet_runtime.py', './detection_60e.py']
default_hooks = dict(checkpoint=dict(interval=3, save_best='coco/bbox_mAP_50'))
auto_scale_lr = dict(enable=False, base_batch_size=32)  # 8 GPUs x 4 images
