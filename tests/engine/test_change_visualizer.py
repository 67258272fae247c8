"""Pictures of change: every kind of pixel in its colour, both dates beside it, and files through the hook's call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from mmengine.registry import VISUALIZERS
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.engine.change_visualizer import FALSE_ALARM, GUTTER, HIT, MISS, UNKNOWN, code_errors, draw_pair

FOUND = np.array([[1, 0, 1, 0, 1]])
TRUE = np.array([[1, 1, 0, 0, 255]])


def sample(label: bool = True, **meta: str) -> SegDataSample:
    data = SegDataSample(pred_sem_seg=PixelData(data=torch.tensor(FOUND)[None]), metainfo=meta)
    if label:
        data.gt_sem_seg = PixelData(data=torch.tensor(TRUE)[None])
    return data


def test_every_kind_of_pixel_has_its_colour() -> None:
    image = np.full((1, 5, 3), 200, np.uint8)
    coded = code_errors(FOUND, TRUE, image)
    assert [tuple(pixel) for pixel in coded[0]] == [HIT, MISS, FALSE_ALARM, (120, 120, 120), UNKNOWN]
    assert [tuple(pixel) == HIT for pixel in code_errors(FOUND, None, image)[0]] == [True, False, True, False, True]


def test_panels_are_both_dates_and_the_errors(tmp_path: Path) -> None:
    paths = {}
    for key, grey in (('img_path', 10), ('img_path2', 90)):
        paths[key] = str(tmp_path / f'{key}.png')
        Image.fromarray(np.full((1, 5, 3), grey, np.uint8)).save(paths[key])
    row = draw_pair(sample(**paths), np.zeros((1, 5, 3), np.uint8))
    assert row.shape == (1, 15 + 2 * GUTTER, 3)
    assert row[0, 0, 0] == 10 and row[0, 5 + GUTTER, 0] == 90 and tuple(row[0, 10 + 2 * GUTTER]) == HIT
    assert draw_pair(sample(), np.zeros((7, 7, 3), np.uint8)).shape == (1, 5, 3), 'an image of another size is left out'


def test_the_hooks_call_writes_a_png(tmp_path: Path) -> None:
    config = dict(
        type='mmrs.ChangeVisualizer', name='change-test', vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path),
    )  # fmt: skip
    with VISUALIZERS.switch_scope_and_registry('mmseg') as registry:
        visualizer = registry.build(config)
    image = np.zeros((1, 5, 3), np.uint8)
    visualizer.add_datasample('test_a.tif', image, data_sample=sample(), show=False, wait_time=0, step=3)
    (picture,) = tmp_path.rglob('*.png')
    assert np.asarray(Image.open(picture)).shape == (1, 10 + GUTTER, 3)
    visualizer.add_datasample('b', image, data_sample=sample(label=False), out_file=tmp_path / 'b.png')
    assert (tmp_path / 'b.png').is_file()
