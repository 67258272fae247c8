"""Lists of labelled sets of one's own."""

import json

import numpy as np
import pytest
from tiny_sets import save

from mmrs.cli.main import main
from mmrs.datasets.rs_semantic.entries import read_entries
from mmrs.registry import DATASETS


@pytest.fixture
def root(tmp_path):
    for name, value in (('a', 4), ('b', 9), ('c', 1), ('d', 4)):
        label = np.full((1, 64, 64), value, np.uint8)
        label[:, :8] = 4 if name != 'c' else 1
        save(tmp_path / f'labels/{name}.tif', label)
        if name != 'd':
            save(tmp_path / f'images/{name}.tif', np.full((3, 64, 64), 50, np.uint8))
    for day in ('20200301', '20200101'):
        save(tmp_path / f'series/a/{day}.tif', np.full((10, 2, 2), 900, np.int16))
    return tmp_path


def run(root, *more):
    folders = ['--labels', str(root / 'labels'), '--hr', str(root / 'images'), '--s2', str(root / 'series')]
    return main(['data', 'annotations', str(root / 'own.json'), '--set', 'own', *folders, *more])


def test_what_is_listed_is_read(root, capsys):
    assert run(root, '--values', '4,9') == 0
    assert '2 places, 2 labels left out' in capsys.readouterr().out
    entries, problems = read_entries(root / 'own.json', root, {'own': [4, 9]}, dates=True)
    assert problems == [] and [entry.classes for entry in entries] == [(0,), (0, 1)]
    assert [path.rsplit('/', 1)[1] for path in entries[0].files['s2']] == ['20200101.tif', '20200301.tif']
    assert 's2' not in entries[1].files
    dataset = DATASETS.build(dict(
        type='mmrs.SemanticMosaics', ann_files='own.json', data_root=str(root), palettes={'own': [4, 9]}, repeats=8,
        test_mode=True, tiles=1, pipeline=[],
    ))  # fmt: skip
    assert len(dataset) == 16
    assert len({dataset[index]['entries'][0].label for index in range(0, 16, 2)}) == 2, 'every repeat draws anew'


@pytest.mark.parametrize(('more', 'message'), [
    ((), 'unknown set'),
    (('--values', '7,8'), 'no label with a class'),
    (('--values', '4', '--s1', 'nowhere'), 'no such folder'),
])  # fmt: skip
def test_refusals(root, capsys, more, message):
    assert run(root, *more) == 1
    assert message in capsys.readouterr().err
    assert not (root / 'own.json').exists()


def test_paths_begin_from_the_list(root):
    assert run(root, '--values', '4') == 0
    assert json.loads((root / 'own.json').read_text())[0]['hr_path'] == 'images/a.tif'
