"""IoU of completed annotations, by hand."""

import pytest
import torch

from mmrs.errors import DataError
from mmrs.evaluation import PromptIoU


def sample(found, truth, classes=(3,), ids=(1,), name='potsdam'):
    hidden = torch.zeros(4, 2, dtype=torch.bool)
    hidden[2:] = True
    return dict(
        prediction=torch.tensor(found), annotation=torch.tensor(truth), hidden=hidden, set_name=name,
        classes=list(classes), ids=list(ids),
    )  # fmt: skip


def test_by_hand():
    metric = PromptIoU()
    shown = [[1, 1], [1, 0]]
    #                      found: 1 of 2, 1 too many   copy: 2 of 2, 1 too many     majority: 2 of 4
    metric.process(None, [sample([*shown, [1, 0], [0, 1]], [*shown, [1, 1], [0, 0]])])
    metric.process(None, [sample([*shown, [1, 1], [1, 1]], [*shown, [1, 1], [1, 1]], name='loveda')])
    scores = metric.compute_metrics(metric.results)
    assert scores == dict(
        mIoU=pytest.approx((100 / 3 + 100) / 2, abs=0.01),
        copy=pytest.approx((200 / 3 + 75) / 2, abs=0.01),
        majority=75,
        IoU_potsdam_3=33.33,
        IoU_loveda_3=100,
    )


def test_samples_of_one_class_are_pooled_under_any_id():
    metric = PromptIoU()
    full = [[1, 1], [1, 1]]
    metric.process(None, [
        sample([*full, [1, 1], [1, 1]], [*full, [1, 1], [1, 1]]),
        sample([[2, 2]] * 4, [*[[5, 5]] * 2, *[[5, 5]] * 2], ids=(5,)),
    ])  # fmt: skip
    assert metric.compute_metrics(metric.results)['mIoU'] == 50


def test_refusals():
    metric, wrong = PromptIoU(), sample([[1, 1]] * 4, [[1, 1]] * 4)
    wrong['hidden'][0] = True
    with pytest.raises(DataError, match='another mask'):
        metric.process(None, [wrong])
    del wrong['ids']
    with pytest.raises(DataError, match='set_name, classes and ids'):
        metric.process(None, [wrong])
