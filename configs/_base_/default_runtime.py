# Runtime that every config shares; the host's own runtime files beside this one inherit from it.
#
# What a leaf or another base adds:
#   default_scope, visualizer          the host's: see mmseg_runtime.py and its neighbours
#   train_cfg, log_processor,          a schedule: `default_hooks.checkpoint.interval` and `by_epoch` say how often
#   default_hooks.checkpoint           a checkpoint is written
#   data_root                          a dataset: '{{$MMRS_DATA:data}}/<dataset>', used by every dataloader of the file.
#                                      The environment variable MMRS_DATA moves all datasets at once;
#                                      `--cfg-options data_root=PATH` moves this one.
custom_imports = dict(imports=['mmrs'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Writes to a temporary name, syncs, renames, and only then drops older files.
    checkpoint=dict(type='mmrs.SafeCheckpointHook', max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    throughput=dict(type='mmrs.ThroughputHook'),  # images_per_second and data_share
)
# Random numbers by position, so that a resumed run equals an unbroken one; a live line on a terminal,
# silent in files and pipes, where the logger's lines are enough.
custom_hooks = [dict(type='mmrs.ReplayHook'), dict(type='mmrs.ProgressHook')]

env_cfg = dict(
    cudnn_benchmark=False,  # sizes vary between tasks; a fixed-size schedule may turn it on
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # `mmrs train` and `mmrs test` use gloo where there is no GPU
)
vis_backends = [dict(type='LocalVisBackend')]
randomness = dict(seed=0)
log_level = 'INFO'
load_from = None
resume = False
