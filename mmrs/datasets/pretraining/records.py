"""What became of each tile, and the index of the patches that were kept: Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mmrs.datasets.pretraining.extra import need
from mmrs.datasets.pretraining.options import MODALITIES
from mmrs.datasets.pretraining.writers import arriving
from mmrs.errors import DataError

# GeoParquet 1.1; without a key "crs" coordinates are longitude and latitude (OGC:CRS84).
GEO = {
    'version': '1.1.0',
    'primary_column': 'geometry',
    'columns': {'geometry': {'encoding': 'WKB', 'geometry_types': ['Polygon']}},
}
ROW_GROUP = 20_000


def schema(index: bool = False) -> Any:
    """Columns of a record, or of the index.

    Args:
        index: Whether it is of the index: places of the files instead of a reason for dropping.
    """
    arrow = need('pyarrow')
    text, number = arrow.string(), arrow.float64()
    columns = [
        ('key', text), ('sensor', text), ('scene', text), ('number', arrow.int32()), ('row', arrow.int32()),
        ('column', arrow.int32()), ('split', text), ('geometry', arrow.binary()), ('crs', text), ('gsd', number),
        ('mirrored', number), ('cloud_share', number),
    ]  # fmt: skip
    for name in MODALITIES:
        columns += [(f'{name}_time', arrow.timestamp('s', tz='UTC')), (f'{name}_missing', number)]
        columns += [(f'{name}_{what}', arrow.list_(number)) for what in ('mean', 'std', 'min', 'max')]
        columns += [(f'{name}_hash', arrow.uint64())]
    places = [('optical_path', text), ('sar_path', text), ('shard', text)]
    fields = [arrow.field(*column) for column in columns + (places if index else [('dropped', text)])]
    return arrow.schema(fields, metadata={'geo': json.dumps(GEO)} if index else None)


def write_record(path: Path, spare: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes what became of the tiles of a job; the file appears when it is complete.

    Args:
        path: File.
        spare: Folder of half-written files.
        rows: One a tile; ``geometry`` holds longitudes and latitudes of the corners, or None.

    Raises:
        RasterError: If it cannot be written.
    """
    arrow, parquet = need('pyarrow'), need('pyarrow.parquet')
    table = arrow.Table.from_pylist([{**row, 'geometry': _polygon(row['geometry'])} for row in rows], schema())
    with arriving(path, spare) as file:
        parquet.write_table(table, file, compression='zstd')


def _polygon(corners: Sequence[tuple[float, float]] | None) -> bytes | None:
    if corners is None:
        return None
    import shapely

    return shapely.to_wkb(shapely.Polygon(corners).normalize(), byte_order=1)


def read_record(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a record.

    Args:
        path: File.
        columns: Those wanted; None takes all.

    Raises:
        DataError: If it is damaged.
    """
    arrow, parquet = need('pyarrow'), need('pyarrow.parquet')
    try:
        return parquet.read_table(path, columns=columns and list(columns), partitioning=None).to_pylist()
    except (arrow.ArrowInvalid, OSError) as error:
        fix = 'Delete it: the next run makes it again.'
        raise DataError(path, f'a file that cannot be read ({error})', 'a record of this build', fix) from error


def write_index(path: Path, spare: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes the index of all patches; it appears when it is complete.

    Args:
        path: File.
        spare: Folder of half-written files.
        rows: As read from records, without ``dropped`` and with the places of the files.

    Raises:
        RasterError: If it cannot be written.
    """
    arrow, parquet = need('pyarrow'), need('pyarrow.parquet')
    columns = schema(index=True)
    with arriving(path, spare) as file, parquet.ParquetWriter(file, columns, compression='zstd') as writer:
        for group in _groups(rows):
            writer.write_table(arrow.Table.from_pylist(group, columns))


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == ROW_GROUP:
            yield group
            group = []
    if group:
        yield group
