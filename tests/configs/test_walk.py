"""Every config: one training and one validation iteration at small width, by the runner that a user gets.

Real samples are used where a set fits and they are at hand, painted ones in the layout of the dataset elsewhere.
"""

from __future__ import annotations

import inspect
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SHARED
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from tiny_zoo import quick_set_up, shrink
from zoo_data import REAL, provide

from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.apis.zoo import read_zoo
from mmrs.apis.zoo.check import data_problems

SAMPLES = SHARED / 'data' if (SHARED / 'data').is_dir() else None
RECORDS = {record.config: record for record in read_zoo()}
RESOLVED: dict[str, str] = {}  # meaning of a config -> its name
# What the metrics of each task are called in the log.
SCORES = ('mIoU', 'change/F1', 'damage/mIoU', 'accuracy/top1', 'multi-label/mAP', 'coco/bbox_mAP_50', 'dota/mAP')


@pytest.fixture(scope='module', autouse=True)
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of all datasets, which configs of one dataset share."""
    root = tmp_path_factory.mktemp('data')
    with pytest.MonkeyPatch.context() as patch:
        quick_set_up(patch.setattr)
        patch.setenv('MMRS_DATA', str(root))
        yield root


def meaning(config: Config) -> str:
    """All that a run or a map depends on, without the variables that a config has on the way to it."""
    read = set(inspect.signature(Runner.__init__).parameters) | {'scene', 'tta_pipeline', 'tta_model'}
    return json.dumps({key: value for key, value in config.to_dict().items() if key in read}, default=str)


# Pre-training has no score: it runs in test_pretraining_configs.py.
SCORED = [name for name in list_configs() if name not in RECORDS or RECORDS[name].data.task != 'pretraining']


@pytest.mark.parametrize('name', SCORED)
def test_one_training_and_one_validation_step(name: str, data_root: Path, tmp_path: Path) -> None:
    config = load_config(name)
    assert Path(config.data_root).parent == data_root
    assert not list(data_problems(config, RECORDS[name]))
    assert RESOLVED.setdefault(meaning(config), name) == name, 'two configs that say the same'
    provide(config, SAMPLES)
    best = config.default_hooks.checkpoint.get('save_best')
    train(shrink(config), work_dir=tmp_path)
    log = next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()
    seen = {key: value for line in log for key, value in json.loads(line).items()}
    assert math.isfinite(seen['loss'])
    assert any(key in seen for key in SCORES), seen
    assert best in (None, 'auto') or any(key.endswith(best) for key in seen), f'{best} is no score of this config'
    assert list(tmp_path.glob('*_1.pth')), 'no checkpoint'
    shutil.rmtree(tmp_path)


def test_real_samples_are_used_where_a_set_fits(data_root: Path, data_dir: Path) -> None:
    kinds = {path.parent.name: path.read_text() for path in data_root.glob('*/kind.txt')}
    assert {name for name, kind in kinds.items() if kind == 'real'} == set(REAL) & set(kinds)
    assert set(REAL) <= {record.data.folder for record in RECORDS.values()}, 'samples of a set that no config uses'


@pytest.mark.parametrize('folder', sorted(REAL))
def test_painted_samples_stand_in_for_real_ones(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMRS_DATA', str(tmp_path))
    config = load_config(next(record.config for record in read_zoo() if record.data.folder == folder))
    assert provide(config, None) == 'painted'
    with DATASETS.switch_scope_and_registry(config.default_scope) as registry:
        dataset = registry.build(config.train_dataloader.dataset)
    assert len(dataset) and 'inputs' in dataset[0]
