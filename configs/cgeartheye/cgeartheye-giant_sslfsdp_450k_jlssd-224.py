"""CGEarthEye giant, pre-trained from scratch, student, teacher and optimiser sharded over all GPUs. Never trained here.

Every block and head is gathered in bfloat16 when it runs; blocks are computed again in the backward pass.
"""

_base_ = '../_base_/recipes/cgeartheye_large_ssl_450k_jlssd-224.py'
model = dict(backbone=dict(size='giant'))
model_wrapper_cfg = dict(type='ShardedDataParallel', precision='bfloat16')
