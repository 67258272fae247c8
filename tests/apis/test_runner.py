"""mmengine's exceptions about configs become one line that names the config."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmrs.apis.runner import blame_config, build_runner
from mmrs.errors import ConfigError, DataError

CONFIG = Config({}, filename=None)


def test_unknown_type_names_similar_ones(tmp_path) -> None:
    config = Config({'model': {'type': 'ImageClassifer'}, 'default_scope': 'mmpretrain', 'work_dir': str(tmp_path)})
    with pytest.raises(ConfigError, match=r"type='ImageClassifer'.*Did you mean .*ImageClassifier"):
        build_runner(config)


def test_wrong_argument(tmp_path) -> None:
    model = {'type': 'mmpretrain.ResNet', 'dept': 18}
    config = Config({'model': model, 'default_scope': 'mmpretrain', 'work_dir': str(tmp_path)})
    with pytest.raises(ConfigError, match=r"type='ResNet' that .*(unexpected|missing)"):
        build_runner(config)


def test_missing_file_names_data_root() -> None:
    with pytest.raises(DataError, match=r'/nowhere/list.txt: .*Set data_root'), blame_config(CONFIG):
        open('/nowhere/list.txt')


@pytest.mark.parametrize('error', [KeyError('img'), TypeError('unsupported operand'), ValueError('shape')])
def test_other_errors_pass_through(error: Exception) -> None:
    with pytest.raises(type(error)), blame_config(CONFIG):
        raise error
