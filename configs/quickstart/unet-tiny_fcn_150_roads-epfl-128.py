"""First steps on real imagery, the plain baseline: roads on aerial RGB with a tiny U-Net."""

_base_ = [
    '../_base_/models/unet-tiny.py',
    '../_base_/datasets/roads_epfl.py',
    '../_base_/schedules/mmseg_150.py',
]
# Roads cover an eighth of the ground. mmseg's loss fails with `avg_non_ignore` beside class weights.
loss = dict(class_weight=[1.0, 3.0], avg_non_ignore=False)
model = dict(decode_head=dict(num_classes=2, loss_decode=loss))
