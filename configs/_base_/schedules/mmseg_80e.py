"""80 epochs of Adam whose learning rate is halved every 20, as MaRS trains on DeepGlobe roads."""

_base_ = '../mmseg_runtime.py'
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [dict(type='StepLR', step_size=20, gamma=0.5, by_epoch=True)]
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=4, save_best='mIoU'))
