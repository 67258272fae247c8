"""Images in LMDB databases are read like files, also in workers; damage is named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from mmrs.datasets.lmdb_files import list_values, read_value
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.seasons import SeasonDataset
from mmrs.datasets.stac.places import read_places
from mmrs.errors import DataError, RasterError

IMAGE = np.random.default_rng(0).integers(0, 255, (12, 10, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG')
    return file.getvalue()


def write(path: Path, values: dict[str, bytes], subdir: bool = True) -> Path:
    import lmdb

    with (
        lmdb.open(str(path), subdir=subdir, map_size=2**22, lock=False) as database,
        database.begin(write=True) as keys,
    ):
        for key, value in values.items():
            keys.put(key.encode(), value)
    return path


def array(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


@pytest.mark.parametrize('subdir', [True, False])
def test_values_are_read_like_files(tmp_path: Path, subdir: bool) -> None:
    values = dict(a=png(IMAGE), b=array(np.moveaxis(IMAGE, -1, 0)), length=b'2')
    path = write(tmp_path / 'x.lmdb', values, subdir)
    names = dict(list_values(path))
    assert list(names) == ['a', 'b'] and names['a'] == f'{path}!a'
    for name in names.values():
        np.testing.assert_array_equal(read_pixels(name), np.moveaxis(IMAGE, -1, 0))
        np.testing.assert_array_equal(read_pixels(name, [3]), np.moveaxis(IMAGE, -1, 0)[2:])


def test_what_is_no_image_no_key_or_no_database(tmp_path: Path) -> None:
    path = write(tmp_path / 'x.lmdb', dict(a=b'no image'))
    with pytest.raises(RasterError, match=r'x\.lmdb!a: found'):
        read_pixels(f'{path}!a')
    with pytest.raises(DataError, match='no such key'):
        read_value(f'{path}!b')
    (tmp_path / 'y.lmdb').write_bytes(b'junk' * 5000)
    with pytest.raises(DataError, match=r'y\.lmdb: found no readable database'):
        next(list_values(tmp_path / 'y.lmdb'))


def test_places_of_pretraining_data(tmp_path: Path) -> None:
    values = [dict(x=1, y=2, z=3, date_min='202201', date_max=last) for last in ('202203', 'x')]
    content = {str(number): json.dumps(value).encode() for number, value in enumerate(values)}
    path = write(tmp_path / 'list.lmdb', dict(content, length=b'2'))
    places, problems = read_places(path)
    assert [(place.x, place.last) for place in places] == [(1, (2022, 3))]
    assert [(problem.kind, problem.path) for problem in problems] == [('date', f'{path}: 1')]


def test_seasons_from_databases_in_workers(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f'q{number}.lmdb', {f'p{place}': png(IMAGE + number) for place in range(3 - number)})
    steps = [dict(type='mmrs.LoadSeasons')]
    data = SeasonDataset(str(tmp_path), seasons=['q0.lmdb', 'q1.lmdb'], pipeline=steps)
    assert [data.get_data_info(index)['place'] for index in range(3)] == ['p0', 'p1', 'p2']
    assert len(data[0]['imgs']) == 2  # opens the databases before the workers fork
    found = list(DataLoader(data, None, num_workers=2))
    assert [len(item['imgs']) for item in found] == [2, 2, 1]
    np.testing.assert_array_equal(found[1]['imgs'][1], IMAGE + 1)
