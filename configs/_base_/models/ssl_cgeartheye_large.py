"""Self-distillation of the large, huge and giant: more prototypes, deeper drops, blocks that are computed twice."""

_base_ = './ssl_cgeartheye.py'
head = dict(prototypes=131072, bottleneck=384)
model = dict(backbone=dict(drop_path_rate=0.4, with_cp=True), head=head, patch_head=head)
