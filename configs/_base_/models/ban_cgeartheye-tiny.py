"""BAN at toy size, trained from scratch: nothing is frozen, and MiT is three times narrower."""

_base_ = './ban_cgeartheye.py'
model = dict(
    encoder_resolution=(64, 64),
    freeze_backbone=False,
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        size=dict(embed_dims=96, num_layers=4, num_heads=3, mlp_ratio=3.0),
        img_size=64,
        patch_size=8,
        out_indices=(0, 1, 2, 3),
        layer_scale_init=None,
    ),
    decode_head=dict(
        ban_cfg=dict(
            clip_channels=96,
            side_encoder=dict(embed_dims=16, num_layers=[1, 1, 1, 1], drop_path_rate=0.0),
        ),
        ban_dec_cfg=dict(in_channels=[16, 32, 80, 128], channels=32, dropout_ratio=0.0),
        # With class weights mmsegmentation leaves ignored pixels out by itself, and fails when told to.
        loss_decode=dict(class_weight=[1.0, 8.0], avg_non_ignore=False),
    ),
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=256, overlap=64)
