"""4000 iterations in mmrotate for small detectors from scratch."""

_base_ = ['../mmrotate_runtime.py', './detection_4k.py']
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(by_epoch=False, interval=500))
