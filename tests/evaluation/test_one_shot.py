"""Flood-3i's protocol: names, pooled scores, and what a lacking prediction is worth."""

import numpy as np
import pytest
from tiny_sets import save

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation.one_shot import Question, one_shot_scores, read_questions, score_folder


def test_questions(tmp_path):
    (tmp_path / 'val.txt').write_text('6651_3_1.jpg_05\n\n7_0.jpg,12\n')
    first, second = read_questions(tmp_path / 'val.txt')
    assert first == Question('6651_3_1.jpg', '6651_lab_3_1.png', 5) and first.prediction == '6651_lab_3_1-5.png'
    assert second.class_index == 12
    (tmp_path / 'val.txt').write_text('6651_3_1.jpg\n')
    with pytest.raises(DataError, match='line 1'):
        read_questions(tmp_path / 'val.txt')
    with pytest.raises(DataError, match='No such file'):
        read_questions(tmp_path / 'none.txt')


def test_scores_are_pooled_over_images():
    truth = np.array([[True, True, False, False]])
    answers = [(1, truth, np.array([[True, False, True, False]])), (1, truth, truth), (2, truth, ~truth)]
    scores = one_shot_scores(answers, classes=[1, 2, 3])
    assert scores['IoU_1'] == pytest.approx(3 / 5) and scores['Acc_1'] == pytest.approx(3 / 4)
    assert scores['IoU_2'] == 0 and np.isnan(scores['IoU_3'])
    assert scores['mIoU'] == pytest.approx(0.3) and scores['mAcc'] == pytest.approx(0.375) and scores['missing'] == 0


def test_lacking_predictions_are_wrong_and_by_option_perfect(tmp_path):
    label = np.zeros((1, 4, 4), np.uint8)
    label[:, :2] = 5
    for name in ('1_lab_0', '2_lab_0'):
        save(tmp_path / f'masks/{name}.png', label[0])
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0] = 255
    save(tmp_path / 'found/1_lab_0-5.png', picture)
    questions = [Question('1_0.jpg', '1_lab_0.png', 5), Question('2_0.jpg', '2_lab_0.png', 5)]
    folders = dict(predictions=tmp_path / 'found', masks=tmp_path / 'masks')
    scores = score_folder(questions, **folders)
    assert scores['IoU_5'] == pytest.approx(8 / 24) and scores['Acc_5'] == 0.5 and scores['missing'] == 1
    assert score_folder(questions, **folders, missing='perfect')['mIoU'] == 1
    assert score_folder(questions[:1], **folders)['mIoU'] == 1


def test_refusals():
    with pytest.raises(ConfigError, match='missing'):
        one_shot_scores([], [1], missing='skip')
    with pytest.raises(DataError, match='class 4'):
        one_shot_scores([(4, np.ones((1, 1), bool), None)], [1])
