"""Lists of RS-Semantic: what is read, what is drawn, what is refused."""

import json
from collections import Counter

import numpy as np
import pytest
from tiny_semantic import archive, rewritten

from mmrs.datasets.rs_semantic.blocks import BlockStore, count_blocks, draw_block
from mmrs.datasets.rs_semantic.dates import day_of_year
from mmrs.datasets.rs_semantic.entries import read_entries
from mmrs.datasets.rs_semantic.palettes import SETS, get_set
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import DATASETS

LISTS = ['potsdam_train.json', 'deepglobe_train.json']


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return archive(tmp_path_factory.mktemp('semantic'))


def build(root, **options):
    return DATASETS.build(
        dict(**{'type': 'mmrs.SemanticMosaics', 'ann_files': LISTS, 'data_root': str(root), 'pipeline': [], **options})
    )


def test_an_item_for_every_class_of_every_set(root):
    dataset = build(root)
    items = [(item['set_name'], item['class_index']) for item in dataset]
    assert items == [('deepglobe', 1), ('potsdam', 0), ('potsdam', 1), ('potsdam', 2)]
    for item in dataset:
        assert len(item['entries']) == 8
        assert all(item['class_index'] in entry.classes for entry in item['entries'])


def test_tiles_differ_where_there_are_enough(root):
    dataset = build(root, tiles=5)
    assert max(Counter(entry.label for entry in dataset[1]['entries']).values()) == 1  # five hold class 0
    assert max(Counter(entry.label for entry in dataset[2]['entries']).values()) > 1  # three hold class 1


def test_tests_draw_the_same_tiles_again_and_training_does_not(root):
    for test_mode in (True, False):
        dataset = build(root, test_mode=test_mode)
        drawn = {tuple(entry.label for entry in dataset[1]['entries']) for _ in range(5)}
        assert (len(drawn) == 1) == test_mode


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(target_path=None), r'entry 1: no label \(target_path\) \(1 problems: 1 x label\)'),
    (dict(classes=None), 'entry 1: classes None'),
    (dict(classes=[5]), 'entry 1: classes .5. where 4 is the highest of potsdam'),
    (dict(type='mars'), 'entry 1: mars: found an unknown set'),
    (dict(type='s2naip-mm'), 'no published label values'),
    (dict(hr_path=None, s1_path=None, s2_path=None), 'entry 1: no image'),
    (dict(s1_path='nowhere.npz'), 'no such file: .*nowhere.npz'),
])  # fmt: skip
def test_wrong_entries_are_counted_and_refused_or_left_out(root, changes, message):
    path = rewritten(root, 'changed.json', **changes)
    with pytest.raises(DataError, match=message):
        build(root, ann_files=[path.name])
    kept = build(root, ann_files=[path.name], skip_bad=1)
    assert len({entry.label for entries in kept.entries.values() for entry in entries}) == 4


def test_dates_that_cannot_be_told_are_refused_where_they_are_needed(root):
    (root / 'undated.tif').write_bytes((root / 'potsdam/s2/0_2018_03_15.tif').read_bytes())
    path = rewritten(root, 'undated.json', s2_path=['undated.tif'])
    assert len(build(root, ann_files=[path.name])) == 3
    with pytest.raises(DataError, match='1 x date.*at most 0'):
        build(root, ann_files=[path.name], dates=True)


@pytest.mark.parametrize(('content', 'message'), [('{"a": 1}', 'a dict'), ('[', 'no JSON')])
def test_files_that_are_no_lists(tmp_path, content, message):
    (tmp_path / 'x.json').write_text(content)
    with pytest.raises(DataError, match=message):
        read_entries(tmp_path / 'x.json')
    with pytest.raises(DataError, match='No such file'):
        read_entries(tmp_path / 'y.json')


def test_lists_without_entries(tmp_path):
    (tmp_path / 'x.json').write_text(json.dumps([]))
    with pytest.raises(DataError, match='no entry'):
        build(tmp_path, ann_files=['x.json'])


def test_a_modality_that_vanishes_during_training_is_skipped_within_a_limit(tmp_path):
    steps = [dict(type='mmrs.LoadMosaic', cells=4, size=(16, 8))]
    data = build(archive(tmp_path), ann_files=LISTS[:1], skip_bad=5, pipeline=steps)
    strict = build(tmp_path, ann_files=LISTS[:1], pipeline=steps, test_mode=True)
    for path in (tmp_path / 'potsdam/s1').iterdir():
        path.unlink()
    assert data.prepare_data(0) is None
    with pytest.raises(RasterError, match=r'potsdam/s1/\d\.npz: found No such file'):
        strict[0]


def test_a_vocabulary_that_is_too_small_is_refused_before_training(root):
    with pytest.raises(ConfigError, match='4 for 5 classes of potsdam'):
        build(root, ann_files=LISTS[:1], vocabulary_size=4)


def test_sets():
    trained = {'dynamic-mm', 'pastis-mm', 'vaihingen', 'deepglobe', 'potsdam', 'fbp', 'loveda', 'isaid', 'jl16-mm'}
    trained |= {'flair-mm', 's2naip-mm', 'dfc20-mm', 'c2segab-mm'}
    assert len(trained) == 13 and trained <= set(SETS)
    counts = {name: SETS[name].classes for name in trained - {'s2naip-mm'}}
    assert counts['fbp'] == 24 and counts['dynamic-mm'] == 7 and counts['deepglobe'] == 6 and counts['loveda'] == 6
    assert get_set('dfc20') is get_set('dfc20-mm') and get_set('c2seg-ab').name == 'c2segab-mm'
    assert get_set('s2naip-mm', {'s2naip-mm': [3, 1]}).values == (3, 1)
    with pytest.raises(ConfigError, match='palettes.own'):
        get_set('own', {'own': [1, 1]})


@pytest.mark.parametrize(('text', 'day'), [
    ('20180924', 267), ('2018-01-01', 1), ('a/2020_12_31_s2.tif', 366), ('tile_2018_09_median_s2.tif', 244),
    ('x_20180301_b_20190301.tif', 60), ('120180924_2019_02_03', 34),
])  # fmt: skip
def test_days(text, day):
    assert day_of_year(text) == day


@pytest.mark.parametrize('text', ['tile', '2018_13_01', '12018092', '20180230'])
def test_no_days(text):
    with pytest.raises(DataError, match='no date'):
        day_of_year(text)


def test_counts_of_blocks():
    labels = np.zeros((5, 7), np.uint8)
    labels[4, 6] = 1
    labels[:2, :3] = 255
    counts = count_blocks(labels, 3, 2)
    assert counts[0].tolist() == [[3, 9, 3], [6, 6, 1]]
    assert counts[1].tolist() == [[0, 0, 0], [0, 0, 1]]
    assert draw_block(counts[1], np.random) == (1, 2)
    assert draw_block(np.zeros((2, 2), np.int32), np.random) is None


def test_blocks_are_drawn_by_their_pixels():
    drawn = Counter(draw_block(np.array([[1, 0], [3, 0]]), np.random) for _ in range(400))
    assert set(drawn) == {(0, 0), (1, 0)} and 240 < drawn[1, 0] < 360


def test_counts_are_kept_for_some_labels():
    calls, store = [], BlockStore(capacity=2)
    for path in 'aabcab':
        store.get(path, 1, lambda path=path: calls.append(path))
    assert calls == ['a', 'b', 'c', 'a', 'b']
