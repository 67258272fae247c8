"""60 epochs in mmrotate, the best AP50 kept. The original's schedule says 60 epochs, its loop 100."""

_base_ = ['../mmrotate_runtime.py', './detection_60e.py']
train_cfg = dict(val_interval=6)
default_hooks = dict(checkpoint=dict(interval=6, save_best='dota/mAP'))
auto_scale_lr = dict(enable=False, base_batch_size=8)  # 4 GPUs x 2 images
