"""Builds paired patches from an archive of raw scenes, on many processes, and goes on where a run was stopped."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmrs.datasets.pretraining.block import Job, build_block
from mmrs.datasets.pretraining.cluster import Run, workers
from mmrs.datasets.pretraining.extra import need
from mmrs.datasets.pretraining.finish import Outcome
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.pretraining.pairs import Archive, Bad, check_pairs, find_pairs
from mmrs.datasets.pretraining.plan import FORMAT, VERSION, Folder, plan_jobs, resolved
from mmrs.errors import DataError

REPORT = 'report.json'
Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What a build found and made.

    Attributes:
        scenes: Pairs that were used.
        tiles: Tiles of their grids.
        patches: Patches kept, by split.
        dropped: Tiles that were not, by reason.
        bad: Scenes that gave nothing.
        without_time: Scenes of which no date is known.
        warped: Scenes of which one modality was warped to the grid of the other.
        scene_bytes: Size of the scenes' files.
        block: Side of the blocks of ground in metres.
        run: Of this run alone: tasks done and found done, bytes read, seconds.
    """

    scenes: int = 0
    tiles: int = 0
    patches: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)
    without_time: list[str] = field(default_factory=list)
    warped: int = 0
    scene_bytes: int = 0
    block: float = 0.0
    run: dict[str, float] = field(default_factory=dict)

    def record(self, run: bool = True) -> dict[str, Any]:
        """As JSON.

        Args:
            run: Whether to tell what differs from run to run.
        """
        values = {'format': FORMAT, 'version': VERSION, **asdict(self)}
        if not run:
            del values['run']
        return values


@dataclass(frozen=True)
class Source:
    """Where raw scenes are.

    Attributes:
        folder: Folder of sensors, or of one sensor.
        optical: Folder of the optical files in that of a sensor.
        sar: Folder of the SAR files.
        sensor: Name of the sensor; None takes the folder's.
        cloud: Folder of cloud masks.
    """

    folder: Path
    optical: str = 'RGB'
    sar: str = 'SAR'
    sensor: str | None = None
    cloud: str = 'CLOUD'


def build(
    source: Source,
    out: str | os.PathLike[str],
    options: BuildOptions,
    processes: int | None = None,
    scheduler: str | None = None,
    max_bad: int = 0,
    dry_run: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> Report:
    """Cuts pairs of scenes into patches and writes them with an index.

    Args:
        source: Raw scenes.
        out: Folder to write. A build of the same options there is gone on with; what is done is kept.
        options: What to make.
        processes: Of the local cluster; None is one a core, 0 works in this process.
        scheduler: Address of a dask scheduler to use instead.
        max_bad: Scenes that may be unusable; with more of them nothing is started, or the run stops.
        dry_run: Only look at the scenes.
        progress: Called with what is being done, how much of it is done, and all of it.

    Returns:
        What was found and made.

    Raises:
        ConfigError: If an option is wrong or a package is missing.
        DataError: If there are no usable scenes or too many bad ones, or the folder is used otherwise.
        RasterError: If a file cannot be written.
    """
    start = time.monotonic()
    options.check()
    need('pyarrow.parquet')
    archive = _look(source, options, max_bad, progress)
    options = resolved(options, archive)
    folder = Folder(Path(out).absolute(), options)
    jobs = plan_jobs(archive, folder)
    report = _report(archive, jobs, options)
    if dry_run:
        return report
    with folder.opened(), workers(processes, scheduler) as run:
        todo = [job for job in jobs if not job.record.is_file()]
        report.run = {'tasks_kept': len(jobs) - len(todo), 'tasks_done': 0, 'bytes_read': 0}
        _work(run, todo, report, max_bad, progress)
        outcome = _settled(run, jobs, folder, report, max_bad, progress)
        report.bad += outcome.bad
        _refuse(report.bad, max_bad)
        outcome.remove_duplicates()
        if options.form == 'webdataset':
            outcome.pack(run, lambda done, total: progress('packing', done, total))
        outcome.write_index(_recorded(jobs))
        report.patches = {split: len(keys) for split, keys in outcome.kept.items()}
        report.dropped = dict(sorted(outcome.dropped.items()))
        folder.write_text(folder.root / REPORT, report.record(run=False))
    report.run['seconds'] = round(time.monotonic() - start, 2)
    return report


def _look(source: Source, options: BuildOptions, max_bad: int, progress: Progress) -> Archive:
    pairs, bad = find_pairs(source.folder, source.optical, source.sar, source.sensor, source.cloud)
    archive = check_pairs(pairs, options, lambda done, total: progress('opening scenes', done, total))
    archive.bad[:0] = bad
    _refuse(archive.bad, max_bad)
    if not archive.scenes:
        text = archive.bad[0].text if archive.bad else 'no raster in them'
        found = f'no usable pair of scenes ({text})'
        raise DataError(source.folder, found, 'at least one', 'Look at the scenes, or name other folders.')
    return archive


def _refuse(bad: Sequence[Bad], max_bad: int) -> None:
    if len(bad) <= max_bad:
        return
    kinds = ', '.join(f'{number} {kind}' for kind, number in sorted(Counter(item.kind for item in bad).items()))
    listed = '; '.join(f'{item.scene} ({item.kind}): {item.text}' for item in bad[:5])
    more = f'; and {len(bad) - 5} more' if len(bad) > 5 else ''
    fix = f'Restore or remove them, or skip them with --max-bad {len(bad)}. They are: {listed}{more}'
    raise DataError('scenes', f'{len(bad)} that cannot be used ({kinds})', f'at most {max_bad} (--max-bad)', fix)


def _report(archive: Archive, jobs: Sequence[Job], options: BuildOptions) -> Report:
    return Report(
        scenes=len(archive.scenes),
        tiles=sum(len(job.tiles) for job in jobs),
        bad=list(archive.bad),
        without_time=[scene.pair.label for scene in archive.scenes if not any(scene.times.values())],
        warped=sum(scene.warped for scene in archive.scenes),
        scene_bytes=sum(scene.bytes for scene in archive.scenes),
        block=options.block or 0.0,
    )


def _work(run: Run, jobs: Sequence[Job], report: Report, max_bad: int, progress: Progress) -> None:
    for done, outcome in enumerate(run(build_block, jobs), 1):
        report.run['tasks_done'] += outcome.bad is None
        report.run['bytes_read'] += outcome.read
        if outcome.bad is not None and outcome.bad.scene not in {item.scene for item in report.bad}:
            report.bad.append(outcome.bad)
            report.bad.sort(key=lambda item: item.scene)
            _refuse(report.bad, max_bad)
        progress('cutting', done, len(jobs))


def _settled(
    run: Run, jobs: Sequence[Job], folder: Folder, report: Report, max_bad: int, progress: Progress
) -> Outcome:
    """What the records say, once every kept patch is there."""
    outcome = Outcome(_recorded(jobs), folder)
    lacking = outcome.lacking()
    if not lacking:
        return outcome
    report.run['tasks_kept'] -= len(lacking)
    for job in lacking:
        job.record.unlink()
    _work(run, lacking, report, max_bad, progress)
    outcome = Outcome(_recorded(jobs), folder)
    still = outcome.lacking()
    if still:
        found = f'no patches of {still[0].scene.pair.label} although they were written'
        raise DataError(folder.root, found, 'a folder that nobody else changes', 'Run the command again.')
    return outcome


def _recorded(jobs: Sequence[Job]) -> list[Job]:
    """Jobs that have a record: those of unreadable scenes have none."""
    return [job for job in jobs if job.record.is_file()]
