"""U-Net on crops of 256 px, for sets of any number of bands; the leaf names the sensor, or mean and std."""

_base_ = './unet.py'
model = dict(
    data_preprocessor=dict(mean=[], std=[], size=(256, 256)),
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=256, overlap=64)
