# Pretraining: on mmpretrain, with curves and pictures for TensorBoard (`tensorboard --logdir work_dirs`).
_base_ = './mmpretrain_runtime.py'
visualizer = dict(
    _delete_=True,
    type='Visualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='mmrs.TensorboardVisBackend')],
)
default_hooks = dict(pictures=dict(type='mmrs.PictureHook', interval=1000))
