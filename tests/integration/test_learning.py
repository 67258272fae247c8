"""Small models trained on small real sets are better than the best answer that looks at no pixel.

Each trains a leaf of ``configs/quickstart`` through the calls behind the commands and is tested on images, or ground,
that it was not trained on. What to beat is computed from the labels of these alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS
from tiny_run import shorten

import mmrs.registry  # noqa: F401
from mmrs.apis.config import load_config
from mmrs.apis.test import test as evaluate
from mmrs.apis.train import train


def best_single_class(labels: list[Any]) -> float:
    """Accuracy in percent of naming the most frequent class."""
    return 100 * float(np.bincount(labels).max()) / len(labels)


def best_constant_map(labels: list[np.ndarray]) -> float:
    """mIoU in percent of the same class everywhere: its share of the pixels, and 0 for the others that occur."""
    values = np.concatenate([label.ravel() for label in labels])
    number = np.bincount(values[values != 255])
    return 100 * float(number.max()) / number.sum() / np.count_nonzero(number)


def all_changed(labels: list[np.ndarray]) -> float:
    """F1 of "everything has changed"; that of "nothing has" is 0."""
    values = np.concatenate([label.ravel() for label in labels])
    share = float((values[values != 255] == 1).mean())
    return 2 * share / (1 + share)


@dataclass(frozen=True)
class Case:
    """What is trained, its score, what to beat, by how much at least, and for how many iterations or epochs."""

    config: str
    folder: str
    score: str
    trivial: Callable[[list[Any]], float]
    margin: float
    length: int


def labels_of(config: Config) -> list[Any]:
    """Labels of the test images: class indices, or maps of them."""
    with DATASETS.switch_scope_and_registry(config.default_scope) as registry:
        dataset = registry.build(config.test_dataloader.dataset)
    if config.default_scope == 'mmpretrain':
        return [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))]
    return [dataset[index]['data_samples'].gt_sem_seg.data.numpy() for index in range(len(dataset))]


CASES = {
    'scenes': Case('cgeartheye-tiny_linear_8e_aid-rsicd-64', 'aid_rsicd', 'accuracy/top1', best_single_class, 8, 2),
    'roads': Case('unet-tiny_fcn_150_roads-epfl-128', 'roads_epfl', 'mIoU', best_constant_map, 6, 150),
    'glaciers': Case('unet-tiny_fcn_150_caffe-128', 'caffe_glacier_sar', 'mIoU', best_constant_map, 8, 150),
    'forest': Case(
        'cgeartheye-tiny_upernet_600_amazon-forest-128', 'amazon_forest', 'mIoU', best_constant_map, 15, 100
    ),
    'floods': Case('unet-tiny_fcn_150_sen1floods11-128', 'sen1floods11', 'mIoU', best_constant_map, 25, 60),
    'change': Case('unet-siam_fcn_150_levir-cd-128', 'levir_cd_sample', 'change/F1', all_changed, 0.12, 80),
}
QUICK = {'floods', 'change'}  # the others take minutes in all: `make test-long`


def marks(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in QUICK else [pytest.mark.long]


@pytest.mark.parametrize('case', [pytest.param(case, id=name, marks=marks(name)) for name, case in CASES.items()])
def test_it_beats_the_best_blind_answer(case: Case, data_dir: Path, tmp_path: Path) -> None:
    config = load_config(f'quickstart/{case.config}', {'data_root': str(data_dir / case.folder)})
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    shorten(config, case.length)
    tested = Config(config.to_dict(), filename=config.filename)
    blind = case.trivial(labels_of(tested))
    train(config, work_dir=tmp_path, validate=False)
    scores = evaluate(tested, next(tmp_path.glob('*.pth')), work_dir=tmp_path / 'test')
    print(f'{case.score} {scores[case.score]:.3f}, blind {blind:.3f}')
    assert scores[case.score] >= blind + case.margin, f'{scores}, blind {blind:.3f}'


def test_the_blind_answers_by_hand() -> None:
    assert best_single_class([0, 1, 1, 2]) == 50
    halves = [np.array([[0, 0, 1, 255]]), np.array([[0, 2, 2, 2]])]
    assert best_constant_map(halves) == pytest.approx(100 * 3 / 7 / 3)
    assert all_changed([np.array([[1, 1, 0, 0, 255]])]) == pytest.approx(2 / 3)
