"""U-Net on DeepGlobe roads, trained from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet.py',
    '../_base_/datasets/deepglobe_roads.py',
    '../_base_/schedules/mmseg_80e.py',
]
model = dict(
    decode_head=dict(num_classes=2),
    auxiliary_head=dict(num_classes=2),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # from scratch, not from weights that were trained before
