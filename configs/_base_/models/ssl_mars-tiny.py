"""Pre-training of two tiny encoders, stride 16, for first steps on a CPU. No teacher: there are no weights for one."""

_base_ = './ssl_mars.py'
model = dict(
    size=dict(_delete_=True, embed_dims=32, depths=(1, 1, 2), num_heads=(2, 4, 8)),
    drop_path_rate=0.0,
    mma=dict(num_layers=1),
    teacher=False,
)
