"""mmengine's exceptions about configs become one line that names the config."""

from __future__ import annotations

import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mmrs.apis.runner import blame_config, build_runner
from mmrs.errors import ConfigError, DataError, RasterError

CONFIG = Config({'work_dir': 'runs'}, filename=None)


def test_unknown_type_names_similar_ones(tmp_path) -> None:
    config = Config({'model': {'type': 'ImageClassifer'}, 'default_scope': 'mmpretrain', 'work_dir': str(tmp_path)})
    with pytest.raises(ConfigError, match=r"type='ImageClassifer'.*Did you mean .*ImageClassifier"):
        build_runner(config)


def test_wrong_argument(tmp_path) -> None:
    model = {'type': 'mmpretrain.ResNet', 'dept': 18}
    config = Config({'model': model, 'default_scope': 'mmpretrain', 'work_dir': str(tmp_path)})
    with pytest.raises(ConfigError, match=r"type='ResNet' that .*(unexpected|missing)"):
        build_runner(config)


def test_unknown_optimizer() -> None:
    from mmengine.optim import build_optim_wrapper
    from torch import nn

    config = Config({'optim_wrapper': {'type': 'OptimWrapper', 'optimizer': {'type': 'AdanW', 'lr': 0.1}}})
    with pytest.raises(ConfigError, match=r"type='AdanW'.*Did you mean .*AdamW"), blame_config(config):
        build_optim_wrapper(nn.Linear(1, 1), config.optim_wrapper)


def test_missing_file_names_data_root() -> None:
    with pytest.raises(DataError, match=r'/nowhere/list.txt: .*Set data_root'), blame_config(CONFIG):
        open('/nowhere/list.txt')


@pytest.mark.parametrize('error', [KeyError('img'), TypeError('unsupported operand'), ValueError('shape')])
def test_other_errors_pass_through(error: Exception) -> None:
    with pytest.raises(type(error)), blame_config(CONFIG):
        raise error


def test_full_disk() -> None:
    with pytest.raises(ConfigError, match='runs: found that it cannot be written .No space left'), blame_config(CONFIG):
        with open('/dev/full', 'w') as file:
            file.write('x')


def test_work_dir_that_is_a_file(tmp_path) -> None:
    (tmp_path / 'file').write_text('')
    config = Config({'model': {'type': 'ToyModel'}, 'work_dir': str(tmp_path / 'file' / 'run')})
    with pytest.raises(ConfigError, match='cannot be written .*--work-dir'):
        build_runner(config)


class BadRasters(Dataset):
    """Every sample is a broken file."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> None:
        raise RasterError('/data/a.tif', '3 bands', '4 bands. Or so', 'Give another file.')


def test_our_errors_come_back_from_workers() -> None:
    with pytest.raises(RasterError) as caught, blame_config(CONFIG):
        next(iter(DataLoader(BadRasters(), num_workers=1)))
    assert caught.value.subject == '/data/a.tif' and caught.value.found == '3 bands'
    assert str(caught.value) == '/data/a.tif: found 3 bands; expected 4 bands. Or so. Give another file.'


def test_work_dir_that_cannot_be_made() -> None:
    config = Config({'model': {'type': 'ToyModel'}, 'work_dir': '/proc/run'})
    with pytest.raises(ConfigError, match='/proc/run: found that it cannot be written'):
        build_runner(config)


def test_damaged_image(tmp_path) -> None:
    from mmcv.transforms import LoadImageFromFile

    (tmp_path / 'a.png').write_bytes(b'PNG')
    with pytest.raises(DataError, match='a.png: found a damaged image'), blame_config(CONFIG):
        LoadImageFromFile()({'img_path': str(tmp_path / 'a.png')})
