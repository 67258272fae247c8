from __future__ import annotations

import json

import numpy as np
import pytest

from mmrs.errors import RasterError
from mmrs.geo.spool import RasterSpool

PIXELS = np.random.default_rng(0).integers(0, 99, (2, 10, 7)).astype('int16')


def spool(folder, **options) -> RasterSpool:
    return RasterSpool(folder, 2, 10, 7, 'int16', **{'key': 'a', **options})


def contents(spool: RasterSpool) -> np.ndarray:
    return np.concatenate([rows for _, rows in spool.raw.blocks(3, spool.rows_done)], axis=1)


def test_appends_rows_and_gives_them_back(tmp_path):
    rows = spool(tmp_path / 'new' / 'spool')
    rows.write(0, PIXELS[:, :4])
    rows.write(4, PIXELS[:, 4:])
    assert rows.rows_done == 10
    np.testing.assert_array_equal(contents(rows), PIXELS)
    rows.delete()
    assert not (tmp_path / 'new' / 'spool').exists()


def test_resumes_after_rows_that_never_reached_the_journal(tmp_path):
    first = spool(tmp_path)
    first.write(0, PIXELS[:, :4], state={'counts': [1, 2]})
    with open(first.raw.path, 'ab') as file:
        file.write(b'half a row')  # killed between the rows and the journal
    second = spool(tmp_path, resume=True)
    assert (second.rows_done, second.state) == (4, {'counts': [1, 2]})
    second.write(4, PIXELS[:, 4:])
    np.testing.assert_array_equal(contents(second), PIXELS)


@pytest.mark.parametrize('damage', ['key', 'fresh', 'shorter', 'checksum', 'no json'])
def test_starts_anew_when_the_rows_are_not_its_own(tmp_path, damage):
    first = spool(tmp_path)
    first.write(0, PIXELS[:, :4])
    first.close()
    journal = first.journal.read_text()
    if damage == 'shorter':
        first.raw.path.write_bytes(b'')
    elif damage == 'checksum':
        record = json.loads(journal)
        record['journal']['rows_done'] = 3
        first.journal.write_text(json.dumps(record))
    elif damage == 'no json':
        first.journal.write_text(journal[:-5])
    second = spool(tmp_path, key='b' if damage == 'key' else 'a', resume=damage != 'fresh')
    assert second.rows_done == 0 and second.raw.path.stat().st_size == 0


def test_refuses_rows_out_of_order_or_of_another_kind(tmp_path):
    rows = spool(tmp_path)
    for start, wrong in (
        (1, PIXELS[:, :4]),
        (0, np.zeros((2, 11, 7), 'int16')),
        (0, PIXELS[:1, :4]),
        (0, PIXELS[:, :4].astype('uint8')),
    ):
        with pytest.raises(ValueError):
            rows.write(start, wrong)
    assert rows.rows_done == 0


def test_full_disk_leaves_the_journal_true(tmp_path, full_disk):
    rows = spool(tmp_path)
    rows.write(0, PIXELS[:, :4])
    with full_disk(150), pytest.raises(RasterError, match='cannot be written'):
        rows.write(4, PIXELS[:, 4:])
    resumed = spool(tmp_path, resume=True)
    assert resumed.rows_done == 4
    np.testing.assert_array_equal(contents(resumed), PIXELS[:, :4])


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(RasterError, match='cannot be written'):
        spool(tmp_path / 'file' / 'spool')
