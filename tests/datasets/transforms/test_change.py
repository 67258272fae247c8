"""Transforms of image pairs: one geometry for both dates and the label, independent light, exchanged time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS
from mmseg.datasets.transforms import RandomCrop, RandomFlip, RandomRotate
from PIL import Image

from mmrs.datasets.transforms import EachDate, ExchangeTime, LoadChangeLabel
from mmrs.errors import ConfigError, DataError

DISTORT = dict(type='mmseg.PhotoMetricDistortion')


def scene() -> np.ndarray:
    """Smooth colours, so that a rotated picture can be compared."""
    rows, columns = np.mgrid[:32, :40]
    return np.stack([rows * 6, columns * 5, (rows + columns) * 3], -1).astype(np.uint8)


def sample(before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    label = (before[..., 0] > 90).astype(np.uint8)
    return dict(img=np.concatenate([before, after], -1), gt_seg_map=label, seg_fields=['gt_seg_map'])


def label_of(path: Path, pixels: np.ndarray, **options: Any) -> np.ndarray:
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return LoadChangeLabel(**options).transform(dict(seg_map_path=str(path)))['gt_seg_map']


@pytest.mark.parametrize('high', [255, 1])
def test_labels_of_0_255_and_0_1_are_the_same(tmp_path: Path, high: int) -> None:
    truth = np.arange(64).reshape(8, 8) % 3 == 0
    np.testing.assert_array_equal(label_of(tmp_path / 'a.png', truth * high), truth)
    np.testing.assert_array_equal(label_of(tmp_path / 'b.png', np.dstack([truth * high] * 3)), truth)


def test_jpeg_labels_are_cut_at_128(tmp_path: Path) -> None:
    truth = np.zeros((32, 32), bool)
    truth[5:17, 9:22] = True
    found = label_of(tmp_path / 'a.jpg', truth * 255)
    stored = np.asarray(Image.open(tmp_path / 'a.jpg'))
    assert len(np.unique(stored)) > 2, 'the JPEG has grey levels'
    np.testing.assert_array_equal(found, stored >= 128)
    assert (found != truth).mean() < 0.01
    assert label_of(tmp_path / 'b.jpg', np.ones((8, 8))).sum() == 0  # almost black is unchanged, not index 1


def test_a_forced_threshold_and_coloured_labels(tmp_path: Path) -> None:
    assert label_of(tmp_path / 'a.png', np.array([[0, 7, 200]]), threshold=1).tolist() == [[0, 1, 1]]
    with pytest.raises(DataError, match='3 bands that differ'):
        label_of(tmp_path / 'b.png', np.dstack([np.zeros((4, 4)), np.ones((4, 4)), np.zeros((4, 4))]))
    with pytest.raises(DataError, match='absent.png'):
        LoadChangeLabel().transform(dict(seg_map_path=str(tmp_path / 'absent.png')))


@pytest.mark.parametrize('move', [
    RandomCrop((16, 20), cat_max_ratio=0.9),
    RandomFlip(prob=1.0, direction=['horizontal', 'vertical', 'diagonal']),
    RandomRotate(prob=1.0, degree=180),
], ids=lambda move: type(move).__name__)  # fmt: skip
def test_the_hosts_geometry_moves_both_dates_and_the_label_alike(move: Any) -> None:
    for _ in range(3):
        moved = move(sample(scene(), 255 - scene()))
        before, after = moved['img'][..., :3].astype(int), moved['img'][..., 3:].astype(int)
        # Where a rotation pads or interpolates at its border, values mix with the padding.
        clean = (moved['gt_seg_map'] != 255) & (np.abs(before + after - 255).max(-1) <= 1)
        assert clean.mean() > 0.4
        assert (moved['gt_seg_map'][clean] == (before[..., 0][clean] > 90)).mean() > 0.95


def test_photometry_is_independent_unless_asked() -> None:
    apart = together = 0
    for _ in range(6):
        done = EachDate([DISTORT])(sample(scene(), scene()))['img']
        apart += not np.array_equal(done[..., :3], done[..., 3:])
        once = EachDate([dict(type='mmseg.RandomRotate', prob=1.0, degree=90)], same=True)(sample(scene(), scene()))
        together += np.array_equal(once['img'][..., :3], once['img'][..., 3:])
        assert (once['img'][0, 0] == 0).all() or once['gt_seg_map'][0, 0] != 255
    assert apart >= 5 and together == 6


def test_exchanging_time_swaps_dates_and_paths_only() -> None:
    results = sample(scene(), 255 - scene()) | dict(img_path='a', img_path2='b')
    label = results['gt_seg_map'].copy()
    done = ExchangeTime(prob=1.0)(dict(results))
    np.testing.assert_array_equal(done['img'][..., :3], 255 - scene())
    np.testing.assert_array_equal(done['img'][..., 3:], scene())
    np.testing.assert_array_equal(done['gt_seg_map'], label)
    assert (done['img_path'], done['img_path2']) == ('b', 'a')
    swapped = sum(ExchangeTime(prob=0.5)(dict(results))['time_exchanged'] for _ in range(60))
    assert 15 < swapped < 45
    assert not ExchangeTime(prob=0.0)(dict(results))['time_exchanged']


def test_channels_that_cannot_be_shared_out_are_refused() -> None:
    odd = dict(img=np.zeros((4, 4, 5), np.uint8))
    for transform in (ExchangeTime(), EachDate([DISTORT])):
        with pytest.raises(ConfigError, match='5 channels'):
            transform(dict(odd))
    with pytest.raises(ConfigError, match='probability'):
        ExchangeTime(prob=1.5)


def test_found_by_name_from_any_host() -> None:
    with TRANSFORMS.switch_scope_and_registry('mmseg') as registry:
        assert 'dates=2' in repr(registry.build(dict(type='mmrs.EachDate', transforms=[DISTORT])))
