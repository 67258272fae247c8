"""Finding, reading and checking configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrs.apis.config import config_root, find_config, list_configs, load_config
from mmrs.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'some.py'
    path.write_text(
        "data_root = '{{$MMRS_DATA:data}}/set'\n"
        "train_dataloader = dict(dataset=dict(data_root=data_root, ann_file=data_root + '/list.txt', other='data/x'))\n"
        "pipeline = [dict(file=data_root + '/a.tif')]\n"
        'train_cfg = dict(max_iters=10)\n'
    )
    return path


def test_default_data_root(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('MMRS_DATA', raising=False)
    assert load_config(config).train_dataloader.dataset.data_root == 'data/set'


def test_environment_moves_all_data(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMRS_DATA', '/disk')
    assert load_config(config).train_dataloader.dataset.ann_file == '/disk/set/list.txt'


def test_option_moves_the_data_of_one_config(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('MMRS_DATA', raising=False)
    loaded = load_config(config, {'data_root': '/new', 'train_cfg.max_iters': 3})
    dataset = {'data_root': '/new', 'ann_file': '/new/list.txt', 'other': 'data/x'}
    assert loaded.train_dataloader.dataset == dataset
    assert loaded.pipeline == [{'file': '/new/a.tif'}]
    assert loaded.data_root == '/new' and loaded.train_cfg.max_iters == 3
    assert Path(loaded.filename) == config


def test_option_changes_the_photometric_distortion_wherever_it_stands() -> None:
    name = 'cgeartheye/cgeartheye-small_ban_80k_levir-cd-518'
    host = load_config(name, {'photometric.type': 'PhotoMetricDistortion', 'photometric.hue_delta': 4})
    step = next(s for s in host.train_dataloader.dataset.pipeline if s.type == 'mmrs.EachDate').transforms[0]
    assert step == host.photometric and (step.type, step.hue_delta) == ('PhotoMetricDistortion', 4)
    assert step.brightness_delta == load_config(name).photometric.brightness_delta
    leaf = load_config('cgeartheye/cgeartheye-small_upernet_160k_loveda-518', {'photometric.brightness_delta': 3})
    kinds = [step.get('brightness_delta') for step in leaf.train_dataloader.dataset.pipeline]
    assert kinds.count(3) == 1 and leaf.photometric.type == 'mmrs.PhotoMetricDistortion'


def test_names_below_configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mmrs.apis.config as module

    (tmp_path / 'quickstart').mkdir()
    (tmp_path / 'quickstart' / 'vit_upernet.py').write_text('')
    monkeypatch.setattr(module, 'config_root', lambda: tmp_path)
    assert find_config('quickstart/vit_upernet') == tmp_path / 'quickstart' / 'vit_upernet.py'
    assert find_config('quickstart/vit_upernet.py') == tmp_path / 'quickstart' / 'vit_upernet.py'
    with pytest.raises(ConfigError, match='Did you mean quickstart/vit_upernet.py'):
        find_config('quickstart/vit_upernt')
    with pytest.raises(ConfigError, match='Did you mean quickstart/vit_upernet.py'):
        find_config('configs/vit_upernett.py')


def test_configs_of_the_checkout_are_found() -> None:
    assert (config_root() / '_base_' / 'default_runtime.py').is_file()
    assert not any(name.startswith('_base_') for name in list_configs())


def test_broken_config(tmp_path: Path) -> None:
    path = tmp_path / 'broken.py'
    path.write_text('model = dict(\n')
    with pytest.raises(ConfigError, match='broken.py: found SyntaxError'):
        load_config(path)


def test_misspelt_key(config: Path) -> None:
    config.write_text('trian_dataloader = dict()\ntest_cfg = dict()\ntta_cfg = dict()\n')
    with pytest.raises(ConfigError, match="Rename it to 'train_dataloader'"):
        load_config(config)


def test_misspelt_option(config: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'train_cfg'"):
        load_config(config, {'trian_cfg.max_iters': 3})


def test_option_below_a_number(config: Path) -> None:
    with pytest.raises(ConfigError, match='do not fit'):
        load_config(config, {'train_cfg.max_iters.deep': 3})
