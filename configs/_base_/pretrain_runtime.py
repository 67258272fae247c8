# Pretraining: curves and pictures for TensorBoard (`tensorboard --logdir work_dirs`), no host's own pictures.
_base_ = './default_runtime.py'
default_scope = 'mmpretrain'
visualizer = dict(
    type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='mmrs.TensorboardVisBackend')]
)
default_hooks = dict(pictures=dict(type='mmrs.PictureHook', interval=1000))
