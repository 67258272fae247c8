"""UPerNet on iSAID, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/upernet_cgeartheye.py',
    '../datasets/isaid.py',
    '../schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=16), auxiliary_head=dict(num_classes=16))
