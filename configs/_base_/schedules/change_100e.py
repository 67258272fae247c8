"""100 epochs of Adam as MaRS trains on WHU-CD: half the learning rate after every quarter, best by IoU of change."""

_base_ = '../change_runtime.py'
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = dict(type='StepLR', step_size=25, gamma=0.5, by_epoch=True)
default_hooks = dict(checkpoint=dict(interval=5, save_best='change/IoU', rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=8)
