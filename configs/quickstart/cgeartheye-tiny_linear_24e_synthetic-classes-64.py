"""First steps in scene classification: synthetic landscapes with a tiny vision transformer, minutes on a CPU."""

_base_ = [
    '../_base_/models/linear_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_classification.py',
    '../_base_/schedules/mmpretrain_24e.py',
]
model = dict(head=dict(num_classes=5, topk=(1,)))
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
