"""mmengine parts: hooks, checkpoint reading and writing, and start-up of several processes."""

from mmrs.engine.amp import AmpOptimWrapper
from mmrs.engine.atomic import AtomicBackend, write_atomic
from mmrs.engine.checkpoint_hook import SafeCheckpointHook, find_resume_checkpoint
from mmrs.engine.distributed import CPUDistributedDataParallel, check_processes, prepare
from mmrs.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmrs.engine.loading import CheckpointMatchHook, install_safe_loading
from mmrs.engine.part_clip import PartClipAmpOptimWrapper, PartClipOptimWrapper
from mmrs.engine.pictures import PictureHook, TensorboardVisBackend
from mmrs.engine.probe import ProbeHook, probe_backbone
from mmrs.engine.progress import ProgressHook
from mmrs.engine.replay import ReplayHook
from mmrs.engine.self_distillation import SelfDistillationHook
from mmrs.engine.sharding import ShardedDataParallel
from mmrs.engine.throughput import ThroughputHook

install_safe_loading()

__all__ = [
    'AmpOptimWrapper',
    'AtomicBackend',
    'CPUDistributedDataParallel',
    'CheckpointMatchHook',
    'LayerDecayOptimWrapperConstructor',
    'PartClipAmpOptimWrapper',
    'PartClipOptimWrapper',
    'PictureHook',
    'ProbeHook',
    'ProgressHook',
    'ReplayHook',
    'SafeCheckpointHook',
    'SelfDistillationHook',
    'ShardedDataParallel',
    'TensorboardVisBackend',
    'ThroughputHook',
    'check_processes',
    'find_resume_checkpoint',
    'install_safe_loading',
    'prepare',
    'probe_backbone',
    'write_atomic',
]
