"""Finding and pairing files by the patterns of the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_sets import cropland, listed, save

from mmrs.datasets.catalogue import get
from mmrs.datasets.layout import compile_pattern, find_samples
from mmrs.errors import DataError

PIXELS = np.zeros((4, 4, 3), np.uint8)


def test_pairs_by_name_and_reports_what_has_no_partner(tmp_path: Path) -> None:
    cropland(tmp_path)
    (tmp_path / 'train/Img/1.png').rename(tmp_path / 'train/Img/9.png')
    found = find_samples(tmp_path, get('cropland').split('train'))
    assert [sample.name for sample in found.samples] == ['0', '2', '9']
    kinds = {problem.kind: Path(problem.path).name for problem in found.problems}
    assert kinds == {'missing': '9.png', 'unpaired': '1.png'}


def test_optional_text_and_parts_with_separators(tmp_path: Path) -> None:
    expression = compile_pattern('{city}/images/SAR/{id}[_SAR].tif')[1]
    for name in ('Nanjing/images/SAR/3.tif', 'Nanjing/images/SAR/3_SAR.tif'):
        assert expression.fullmatch(name).groupdict() == {'city': 'Nanjing', 'id': '3'}
    assert compile_pattern('{scene}_lab_{id}.png')[1].fullmatch('a_lab_1_2.png').groupdict() == dict(
        scene='a', id='1_2'
    )
    save(tmp_path / 'Images/a_1_2.jpg', PIXELS)
    save(tmp_path / 'Semantic_mask/a_lab_1_2.png', PIXELS)
    found = find_samples(tmp_path, get('flood3i').splits[0])
    assert len(found.samples) == 1 and not found.problems


def test_splits_by_city(tmp_path: Path) -> None:
    for city, mask in (('Nanjing', 'x.tif'), ('Peru-Callao', 'x_mask.tif')):
        for name in ('images/RGB/x.tif', 'images/SAR/x_SAR.tif', f'masks/{mask}'):
            save(tmp_path / city / name, np.zeros((1, 2, 2), np.float32))
    train = find_samples(tmp_path, get('earthmiss').split('train'))
    assert [sample.name for sample in train.samples] == ['Nanjing/x'] and not train.problems
    assert train.samples[0].files['sar'].name == 'x_SAR.tif'


def test_lists_of_names(tmp_path: Path) -> None:
    for number in ('00001', '00002'):
        save(tmp_path / f'images/trainval/{number}.jpg', PIXELS)
        (tmp_path / 'Annotations/Oriented Bounding Boxes').mkdir(parents=True, exist_ok=True)
        (tmp_path / f'Annotations/Oriented Bounding Boxes/{number}.xml').write_text('<a/>')
    (tmp_path / 'ImageSets/Main').mkdir(parents=True)
    (tmp_path / 'ImageSets/Main/train.txt').write_text('00001\n\n00007\n00001\n')
    found = find_samples(tmp_path, get('dior-r').split('train'))
    assert [sample.name for sample in found.samples] == ['00001']
    assert [(problem.kind, problem.text) for problem in found.problems] == [
        ('missing', 'line 3: there is no 00007'), ('duplicate', 'line 4 repeats 00001'),
    ]  # fmt: skip


def test_lists_of_labels(tmp_path: Path) -> None:
    save(tmp_path / 'Airport/airport 1.jpg', PIXELS)
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta/train.txt').write_text('Airport/airport 1.jpg 0\nBeach/beach_1.jpg 3\nnonsense\n')
    found = find_samples(tmp_path, get('aid').split('train'))
    assert [(sample.name, sample.label) for sample in found.samples] == [
        ('Airport/airport 1.jpg', 0), ('Beach/beach_1.jpg', 3),
    ]  # fmt: skip
    assert [problem.kind for problem in found.problems] == ['missing', 'list']
    with pytest.raises(DataError, match=r'test\.txt: found No such file'):
        find_samples(tmp_path, get('aid').split('test'))


def test_json_lists_are_sorted_and_checked(tmp_path: Path) -> None:
    listed(tmp_path, np.zeros((4, 4, 4), np.float32), PIXELS[..., 0], ('s2_path', 'target_path'), '.tif')
    split = get('atlantic').split('val')
    found = find_samples(tmp_path, split)
    assert [sample.files['image'].name for sample in found.samples] == ['0.tif', '1.tif'] and not found.problems
    (tmp_path / 'val.json').write_text(json.dumps([{'s2_path': 'x.tif'}]))
    assert 'lacks target_path' in find_samples(tmp_path, split).problems[0].text
    (tmp_path / 'val.json').write_text('{}')
    with pytest.raises(DataError, match='expected a JSON list'):
        find_samples(tmp_path, split)
    (tmp_path / 'val.json').write_text('[')
    with pytest.raises(DataError, match='found no JSON'):
        find_samples(tmp_path, split)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='found no such folder'):
        find_samples(tmp_path / 'nowhere', get('isaid').splits[0])
    assert find_samples(tmp_path, get('isaid').splits[0]).problems[0].text == 'no such folder'
