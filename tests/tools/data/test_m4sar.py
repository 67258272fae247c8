"""M4-SAR from its archive to pairs that the dataset reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_sets import save

from mmrs.datasets.catalogue import get
from mmrs.datasets.m4sar_files import arrange as arrange_pairs
from mmrs.datasets.m4sar_files import find_pairs, read_labels
from mmrs.datasets.oriented import CatalogueOrientedDataset
from mmrs.datasets.verify import verify_dataset
from mmrs.errors import DataError

TOOL = Path(__file__).parents[3] / 'tools' / 'data' / 'm4sar.py'


def arrange(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def archive(root: Path) -> Path:
    for number, split in enumerate(('train', 'train', 'val', 'test')):
        for value, sensor in enumerate(('optical', 'sar')):
            pixels = np.random.default_rng(2 * number + value).integers(0, 255, (20, 40, 3), np.uint8)
            save(root / sensor / 'images' / split / f'{number}.jpg', pixels)
        labels = root / 'optical' / 'labels' / split / f'{number}.txt'
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text('' if split == 'val' else '2 0.25 0.5 0.5 0.5 0.5 0.75 0.25 0.75\n')
    return root


def test_from_the_archive_to_the_dataset(tmp_path: Path) -> None:
    raw, out = archive(tmp_path / 'raw'), tmp_path / 'm4sar'
    told = arrange(raw, '-o', out, '--dry-run')
    assert told.returncode == 0 and 'train 2, val 1, test 1 pairs (not written)' in told.stdout and not out.exists()
    done = arrange(raw, '-o', out)
    assert done.returncode == 0 and '4 arranged, 0 kept' in done.stdout, done.stderr
    (out / 'labelTxt' / '1.txt').unlink()  # as if stopped
    assert '1 arranged, 3 kept' in arrange(raw, '-o', out).stdout
    assert (out / 'sar' / '2.jpg').read_bytes() == (raw / 'sar/images/val/2.jpg').read_bytes()
    outcomes = verify_dataset(get('m4-sar'), out)
    assert {outcome.name: (outcome.samples, outcome.problems) for outcome in outcomes} == {
        'all': (4, []), 'train': (2, []), 'val': (1, []), 'test': (1, []),
    }  # fmt: skip
    data = CatalogueOrientedDataset('m4-sar', 'train', str(out), ('image', 'sar', 'boxes'))
    (box,) = data.get_data_info(0)['instances']
    assert box['bbox'] == [10, 10, 20, 10, 20, 15, 10, 15]
    assert data.metainfo['classes'][box['bbox_label']] == 'oil_tank'


def test_images_are_copied_where_they_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: Path) -> None:
        raise OSError('another disk')

    monkeypatch.setattr('os.link', refuse)
    raw = archive(tmp_path / 'raw')
    assert arrange_pairs(find_pairs(raw), tmp_path / 'out') == (4, 0)
    copied = tmp_path / 'out/optical/0.jpg'
    assert copied.read_bytes() == (raw / 'optical/images/train/0.jpg').read_bytes() and copied.stat().st_nlink == 1


def test_refusals(tmp_path: Path) -> None:
    raw = archive(tmp_path)
    (raw / 'sar/images/val/2.jpg').unlink()
    done = arrange(raw, '-o', tmp_path / 'out')
    assert done.returncode == 1 and 'sar/images/val/2.jpg: found no such file' in done.stderr, done.stderr
    assert arrange(tmp_path / 'nowhere', '-o', tmp_path / 'out').returncode == 1
    path = tmp_path / 'a.txt'
    for line in ('6 0 0 1 0 1 1 0 1', '0 0 0 1 0 1 1 0', '0 100 100 200 100 200 200 100 200', 'ship 0 0 1 0 1 1 0 1'):
        path.write_text(line)
        with pytest.raises(DataError, match=r'a\.txt: found line 1'):
            read_labels(path, (40, 20))
