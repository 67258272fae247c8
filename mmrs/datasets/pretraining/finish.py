"""From the records of all tiles to the data set: duplicates out, shards packed, index written."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mmrs.datasets.pretraining.block import Job
from mmrs.datasets.pretraining.cluster import Run
from mmrs.datasets.pretraining.options import MODALITIES
from mmrs.datasets.pretraining.pairs import Bad
from mmrs.datasets.pretraining.patches import duplicates
from mmrs.datasets.pretraining.plan import Folder
from mmrs.datasets.pretraining.records import read_record, write_index
from mmrs.datasets.pretraining.writers import Shard, patch_path, write_shard

INDEX = 'index.parquet'
MEMBERS = {'optical': 'rgb.tif', 'sar': 'sar.tif'}
Row = dict[str, Any]
BRIEF = (
    'key',
    'number',
    'split',
    'dropped',
    *(f'{name}_{what}' for name in MODALITIES for what in ('hash', 'missing')),
)


class Outcome:
    """What the records of a build say.

    Args:
        jobs: Those that have a record.
        folder: Of the build.

    Attributes:
        kept: Keys of the patches that are kept, by split.
        dropped: Number of tiles by the reason why they were dropped.
        bad: Scenes that hold nothing.
    """

    def __init__(self, jobs: Sequence[Job], folder: Folder) -> None:
        self.folder = folder
        self.kept: dict[str, list[str]] = {'train': [], 'val': []}
        self.dropped: Counter[str] = Counter()
        self.unwanted: list[tuple[Job, Row]] = []
        self.wanted: list[tuple[Job, Row]] = []
        brief = [(job, row) for job in jobs for row in read_record(job.record, BRIEF)]
        self.bad = _empty_scenes(brief)
        self.dropped.update(row['dropped'] for _, row in brief if row['dropped'])
        candidates = [(job, row) for job, row in brief if not row['dropped']]
        hashes = [(row['optical_hash'], row['sar_hash']) for _, row in candidates]
        for item, double in zip(candidates, duplicates(hashes, folder.options.duplicate_bits), strict=True):
            (self.unwanted if double else self.wanted).append(item)
        self.dropped['duplicate'] = len(self.unwanted)
        for _, row in self.wanted:
            self.kept[row['split']].append(row['key'])

    def lacking(self) -> list[Job]:
        """Jobs whose kept patches are not there, because somebody removed them or they were duplicates before."""
        if self.folder.options.form == 'webdataset' and self._packed():
            return []
        found = {id(job): job for job, row in self.wanted if not all(path.is_file() for path in self._files(job, row))}
        return list(found.values())

    def remove_duplicates(self) -> None:
        """Deletes patches that are like others."""
        for job, row in self.unwanted:
            for path in self._files(job, row):
                path.unlink(missing_ok=True)

    def pack(self, run: Run, progress: Callable[[int, int], None]) -> None:
        """Packs kept patches into shards and removes the loose files.

        Args:
            run: Runs tasks.
            progress: Called with the number of shards done and of all.
        """
        if not self._packed():
            self.folder.shards_plan.unlink(missing_ok=True)
            for path in self.folder.root.glob('*.tar'):
                path.unlink()
            shards = list(self._shards())
            for done, _ in enumerate(run(write_shard, shards), 1):
                progress(done, len(shards))
            self.folder.write_text(self.folder.shards_plan, self._digest())
        shutil.rmtree(self.folder.patches, ignore_errors=True)

    def write_index(self, jobs: Sequence[Job]) -> None:
        """Writes the index of kept patches.

        Args:
            jobs: Those that have a record.
        """
        write_index(self.folder.root / INDEX, self.folder.spare, self._index_rows(jobs))

    def _files(self, job: Job, row: Row) -> list[Path]:
        return [
            self.folder.patches / patch_path(row['split'], job.scene.pair, row['number'], name) for name in MODALITIES
        ]

    def _index_rows(self, jobs: Sequence[Job]) -> Iterator[Row]:
        kept = {key for keys in self.kept.values() for key in keys}
        shard_of = {key: name for name, keys in self._plan().items() for key in keys}
        for job in jobs:
            for row in read_record(job.record):
                if row.pop('dropped') or row['key'] not in kept:
                    continue
                shard = shard_of.get(row['key'])
                for name in MODALITIES:
                    loose = patch_path(row['split'], job.scene.pair, row['number'], name)
                    row[f'{name}_path'] = loose if shard is None else f'{row["key"]}.{MEMBERS[name]}'
                yield {**row, 'shard': shard}

    def _plan(self) -> dict[str, list[str]]:
        """Keys by shard. Their order is drawn, so that a loader that reads shards in order mixes places."""
        if self.folder.options.form != 'webdataset':
            return {}
        size, plan = self.folder.options.shard_size, {}
        for split, keys in self.kept.items():
            mixed = sorted(keys, key=lambda key: blake2b(key.encode()).digest())
            for number in range(0, len(mixed), size):
                plan[f'{split}-{number // size:06d}.tar'] = mixed[number : number + size]
        return plan

    def _shards(self) -> Iterator[Shard]:
        by_key = {row['key']: (job, row) for job, row in self.wanted}
        for name, keys in self._plan().items():
            members, texts = [], {}
            for key in keys:
                job, row = by_key[key]
                paths = self._files(job, row)
                members += [(f'{key}.{MEMBERS[name]}', path) for name, path in zip(MODALITIES, paths, strict=True)]
                pair = job.scene.pair
                texts[key] = json.dumps({'key': key, 'sensor': pair.sensor, 'scene': pair.name, 'split': row['split']})
            yield Shard(self.folder.root / name, self.folder.spare, tuple(members), texts)

    def _digest(self) -> dict[str, str]:
        """By shard, what it holds."""
        identities = {row['key']: job.scene.identity for job, row in self.wanted}
        return {
            name: blake2b('\n'.join(f'{key} {identities[key]}' for key in keys).encode(), digest_size=16).hexdigest()
            for name, keys in self._plan().items()
        }

    def _packed(self) -> bool:
        plan = self.folder.shards_plan
        if not plan.is_file() or json.loads(plan.read_text()) != self._digest():
            return False
        return all((self.folder.root / name).is_file() for name in self._digest())


def _empty_scenes(brief: Sequence[tuple[Job, Row]]) -> list[Bad]:
    """Scenes of which one modality holds nothing but nodata."""
    least: dict[tuple[str, str], float] = {}
    for job, row in brief:
        for name in MODALITIES:
            key = (job.scene.pair.label, str(job.scene.pair.path(name)))
            least[key] = min(least.get(key, 1.0), row[f'{name}_missing'])
    return [Bad(label, 'nodata', f'{path}: nothing but nodata') for (label, path), share in least.items() if share == 1]
