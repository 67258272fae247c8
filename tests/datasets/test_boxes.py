"""Reading boxes of COCO, DOTA and DIOR-R, and naming what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrs.datasets.boxes import Box, coco_boxes, read_boxes, wrong_box
from mmrs.errors import DataError

QUAD = ((1.0, 1.0), (5.0, 1.0), (5.0, 4.0), (1.0, 4.0))


def coco(**changes):
    content = dict(
        images=[dict(id=1, file_name='a.jpg', width=10, height=10)],
        categories=[dict(id=7, name='ship')],
        annotations=[dict(id=1, image_id=1, category_id=7, bbox=[1, 1, 4, 3])],
    )
    return {**content, **changes}


def test_coco() -> None:
    boxes, problems = coco_boxes(coco(), ['ship'])
    assert boxes == {1: [Box('ship', QUAD)]} and problems == []
    assert coco_boxes(coco(), ['car'])[1] == ["class 'ship' is unknown"]
    twice = coco()['annotations'] * 2
    assert 'duplicate annotations id' in coco_boxes(coco(annotations=twice))[1]
    wrong = [
        dict(id=1, image_id=2, category_id=7, bbox=[1, 1, 4, 3]),
        dict(coco()['annotations'][0], bbox=[99, 9, 4, 3]),
    ]
    told = ' '.join(coco_boxes(coco(annotations=wrong))[1])
    assert 'no such image' in told and 'outside the image' in told


def test_dota_with_and_without_difficulty(tmp_path: Path) -> None:
    path = tmp_path / 'a.txt'
    path.write_text('imagesource:GoogleEarth\ngsd:0.1\n1 1 5 1 5 4 1 4 ship 0\n1 1 5 1 5 4 1 4 plane\n')
    assert read_boxes(path) == [Box('ship', QUAD), Box('plane', QUAD)]
    path.write_text('')
    assert read_boxes(path) == []
    for text, told in (('1 1 5\n', 'line 1 has 3 words'), ('1 1 5 1 5 4 1 four ship', 'line 1: could not convert')):
        path.write_text(text)
        with pytest.raises(DataError, match=told):
            read_boxes(path)
    with pytest.raises(DataError, match='No such file'):
        read_boxes(tmp_path / 'absent.txt')


def test_dior_r(tmp_path: Path) -> None:
    names = ('left_top', 'right_top', 'right_bottom', 'left_bottom')
    points = ''.join(
        f'<x_{name}>{x}</x_{name}><y_{name}>{y}</y_{name}>' for name, (x, y) in zip(names, QUAD, strict=True)
    )
    path = tmp_path / 'a.xml'
    path.write_text(f'<annotation><object><name>Ship</name><robndbox>{points}</robndbox></object></annotation>')
    assert read_boxes(path) == [Box('ship', QUAD)]
    path.write_text('<annotation><object><name>Ship</name></object></annotation>')
    with pytest.raises(DataError, match='without name or robndbox'):
        read_boxes(path)
    path.write_text('<annotation>')
    with pytest.raises(DataError):
        read_boxes(path)


def test_degenerate_and_outside() -> None:
    assert wrong_box(Box('ship', QUAD), (10, 10)) is None
    assert 'two corners in one place' in wrong_box(Box('ship', (QUAD[0], QUAD[0], *QUAD[2:])), (10, 10))
    assert 'outside' in wrong_box(Box('ship', QUAD), (1, 1))
