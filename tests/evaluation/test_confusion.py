"""Confusion matrices against plain counting."""

import numpy as np
import pytest

from mmrs.errors import DataError
from mmrs.evaluation.confusion import class_f1, class_iou, confusion_matrix, overall_accuracy


def test_counts():
    target, found = np.random.randint(0, 3, (2, 7, 5))
    target[0] = 255
    found[0] = 99  # nobody asks what was predicted there
    matrix = confusion_matrix(found, target, 3)
    for true in range(3):
        for predicted in range(3):
            assert matrix[true, predicted] == ((target == true) & (found == predicted)).sum()
    assert matrix.dtype == np.int64 and matrix.sum() == 30


def test_scores_of_a_class_that_does_not_occur():
    matrix = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    np.testing.assert_allclose(class_iou(matrix), [3 / 4, 4 / 5, np.nan])
    np.testing.assert_allclose(class_f1(matrix), [6 / 7, 8 / 9, np.nan])
    assert overall_accuracy(matrix) == 7 / 8
    assert np.isnan(overall_accuracy(np.zeros((2, 2))))


@pytest.mark.parametrize(
    ('found', 'target', 'message'),
    [
        ([0, 3], [0, 1], r'values \[3\]; expected 0 to 1'),
        ([0, 1], [0, -1], r'values \[-1\]'),
        ([0.0, np.nan], [0, 1], r'values \[nan\]'),
        ([0.5, 1], [0, 1], r'values \[0.5\]'),
        ([0, 1, 1], [0, 1], 'shape'),
    ],
)
def test_bad_labels(found, target, message):
    with pytest.raises(DataError, match=message):
        confusion_matrix(np.array(found), np.array(target), 2)
