"""10,000 iterations whose learning rate falls by 0.84 a block, as for SkySense++ on C2SMS floods and CABUAR."""

_base_ = './mmseg_10k.py'
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    constructor='mmrs.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=0.015),
    paramwise_cfg=dict(layer_decay_rate=0.84, no_decay=('pos_embed', 'cls_token')),
)
