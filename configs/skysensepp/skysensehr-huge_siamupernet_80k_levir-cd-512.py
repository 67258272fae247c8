"""SkySense++'s high-resolution backbone, trained whole, with siamese UPerNet on LEVIR-CD; our recipe.
Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_skysensehr-huge.py',
    '../_base_/datasets/levir_cd_512.py',
    '../_base_/schedules/change_80k.py',
]
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))  # 0.01 is for a small adapter beside a frozen model
