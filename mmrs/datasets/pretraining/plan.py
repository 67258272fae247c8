"""What a build is going to do, and the folder in which it remembers what it has done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mmrs.datasets.pretraining.block import Job
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.pretraining.pairs import Archive
from mmrs.datasets.pretraining.tiles import plan_tiles
from mmrs.datasets.pretraining.writers import arriving
from mmrs.errors import DataError

FORMAT = 'mmrs-pretraining-patches'
VERSION = 1  # raised whenever equal scenes and options would give other files
BLOCK_TILES = 8  # side of the default block of ground, in patches


@dataclass(frozen=True)
class Folder:
    """Places of a build.

    Attributes:
        root: Where patches, index and report appear.
        options: Of the build.
    """

    root: Path
    options: BuildOptions

    @property
    def state(self) -> Path:
        """Where it remembers."""
        return self.root / '.build'

    @property
    def patches(self) -> Path:
        """Root of the GeoTIFFs: shards are packed from some that stay hidden."""
        return self.root if self.options.form == 'geotiff' else self.state / 'patches'

    @property
    def spare(self) -> Path:
        """Where files are half-written; emptied when a run starts."""
        return self.state / 'tmp'

    @property
    def shards_plan(self) -> Path:
        """File that says which patches the shards there hold."""
        return self.state / 'shards.json'

    def description(self) -> dict[str, Any]:
        """What must agree for a build to be gone on with."""
        return json.loads(json.dumps(dict(format=FORMAT, version=VERSION, **asdict(self.options))))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Makes the folder or goes on in it; one run at a time.

        Raises:
            DataError: If it holds something else, a build with other options, or another run works in it.
        """
        plan = self.state / 'options.json'
        if self.root.exists() and not plan.is_file() and not _ours(self.root):
            raise DataError(
                self.root, 'a file or a folder of something else', 'an empty or new folder', 'Name another.'
            )
        self.state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.state / 'lock')
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            fix = 'Wait for it, or name another folder.'
            raise DataError(self.root, 'a build that is running', 'no other run in this folder', fix) from error
        try:
            self._check(plan)
            shutil.rmtree(self.spare, ignore_errors=True)
            yield
        finally:
            lock.release()

    def write_text(self, path: Path, content: Any) -> None:
        """Writes a JSON file.

        Args:
            path: File.
            content: What it says.

        Raises:
            RasterError: If it cannot be written.
        """
        with arriving(path, self.spare) as file:
            file.write((json.dumps(content, indent=2) + '\n').encode())

    def _check(self, plan: Path) -> None:
        wanted = self.description()
        if plan.is_file():
            found = json.loads(plan.read_text())
            other = [key for key in sorted({*wanted, *found}) if wanted.get(key) != found.get(key)]
            if other:
                text = ', '.join(f'{key} {found.get(key)!r}' for key in other)
                expected = ', '.join(f'{key} {wanted.get(key)!r}' for key in other)
                raise DataError(self.root, f'a build with {text}', expected, 'Name another folder, or remove this one.')
            return
        self.write_text(plan, wanted)


def _ours(root: Path) -> bool:
    """Whether a folder is empty, or a run was stopped before it wrote its options."""
    return root.is_dir() and {path.name for path in root.iterdir()} <= {'.build'}


def resolved(options: BuildOptions, archive: Archive) -> BuildOptions:
    """Options with a side for the blocks of ground.

    Args:
        options: Of the build.
        archive: Scenes that are used.
    """
    if options.block is not None:
        return options
    largest = max((scene.gsd * options.tile for scene in archive.scenes if scene.gsd is not None), default=1000.0)
    return replace(options, block=float(round(BLOCK_TILES * largest)))


def plan_jobs(archive: Archive, folder: Folder) -> list[Job]:
    """Tasks of a build, in the order of the index.

    Args:
        archive: Scenes that are used.
        folder: Of the build.
    """
    jobs = []
    for scene in archive.scenes:
        groups = plan_tiles(scene.height, scene.width, folder.options.tile, scene.block_width)
        for number, tiles in enumerate(groups):
            record = folder.state / 'records' / scene.identity / f'{number:05d}.parquet'
            jobs.append(Job(scene, tuple(tiles), folder.options, folder.patches, record, folder.spare))
    return jobs
