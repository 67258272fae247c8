"""First steps on real imagery: forest on Sentinel-2 at 10 m with the tiny vision transformer."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-tiny.py',
    '../_base_/datasets/amazon_forest.py',
    '../_base_/schedules/mmseg_600.py',
]
model = dict(
    data_preprocessor=dict(mean=[39.7, 52.2, 57.6], std=[20.0, 12.0, 8.0]),  # of the training images, which are dark
    decode_head=dict(num_classes=2),
)
