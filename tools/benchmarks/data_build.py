"""`mmrs data build`: two workers against one, bytes read, memory, killed workers and runs.

    python tools/benchmarks/data_build.py                        # an archive of 2 GB, tiles of 1,024
    python tools/benchmarks/data_build.py --gigabytes 0.1 --size 2048 --tile 512    # a quick look

The archive is one drawn landscape, laid out again and again with other noise and another brightness, so that it
compresses like imagery and no patch is like another. Both builds are whole commands, start of the workers included;
they alternate, and their files must be equal. Then a worker is killed during a build, and a run is killed and started
again: both must end in the same files. Memory is the sum over all processes of a build at its peak (what processes
share counts in each). Exit code 1 if a gate is missed.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import rasterio
from _harness import machine_line, markdown_table
from rasterio.transform import from_origin

from mmrs.datasets.synthetic.scene import draw_scene

RATIO_GATE, READ_GATE = 1.7, 1.2
MEMORY_GATE = 2500  # MB of all processes with two workers, whatever the size of the archive
Disturb = Callable[[subprocess.Popen, int], bool]
DRAWN = 1024  # side of the landscape that is laid out


def write_archive(root: Path, gigabytes: float, size: int) -> int:
    """Writes pairs of ``size`` pixels until they take so many gigabytes; returns their bytes."""
    scene = draw_scene(0, DRAWN, DRAWN)
    repeats = -(-size // DRAWN)
    optical = np.tile(np.moveaxis(scene.optical, -1, 0), (1, repeats, repeats))[:, :size, :size]
    sar = np.tile(3000 * 10 ** (scene.sar[None] / 20), (1, repeats, repeats))[:, :size, :size]
    written, number = 0, 0
    while written < gigabytes * 1e9:
        random = np.random.default_rng(number)
        # Patches of one landscape at other places of the repetition would be near-identical.
        relief = np.kron(random.normal(1, 0.3, (size // 64 + 1,) * 2), np.ones((64, 64)))[:size, :size]
        layers = (
            ('RGB', np.clip(optical * relief + random.integers(0, 4, optical.shape), 1, 255).astype(np.uint8)),
            ('SAR', np.clip(sar * relief * random.gamma(4, 0.25, sar.shape), 1, 65535).astype(np.uint16)),
        )
        for folder, pixels in layers:
            written += write(root / 'Umbra' / folder / f'2023-01-01-00-00-00_{number:04d}.tif', pixels, number)
        number += 1
    return written


def write(path: Path, pixels: np.ndarray, number: int) -> int:
    """Writes one raster, deflated in blocks of 512; returns its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    place = from_origin(300_000 + number % 20 * 20_000, 5_300_000 - number // 20 * 20_000, 0.5, 0.5)
    profile = dict(driver='GTiff', count=count, height=height, width=width, dtype=pixels.dtype, crs='EPSG:32632')
    layout = dict(tiled=True, blockxsize=512, blockysize=512, compress='deflate', predictor=2, num_threads=2)
    with rasterio.open(path, 'w', **profile, **layout, transform=place) as target:
        target.write(pixels)
    return path.stat().st_size


def command(raw: Path, out: Path, options: Sequence[object], workers: int) -> list[str]:
    """The build as a user starts it."""
    parts = (sys.executable, '-m', 'mmrs', 'data', 'build', raw, out, *options, '--workers', workers, '--json')
    return [str(part) for part in parts]


def build(
    raw: Path, out: Path, options: Sequence[object], workers: int, disturb: Disturb | None = None
) -> dict[str, float]:
    """Seconds, cores used, share of bytes read and peak of memory of one build.

    ``disturb`` is called with the process and the number of tasks that are done until it returns True.
    """
    shutil.rmtree(out, ignore_errors=True)
    start, before, peak = time.perf_counter(), used_seconds(), 0
    with subprocess.Popen(command(raw, out, options, workers), stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, resident(psutil.Process(process.pid)))
            if disturb is not None and disturb(process, len(list(out.glob('.build/records/*/*.parquet')))):
                disturb = None
            time.sleep(0.1)
        assert process.stdout is not None
        text = process.stdout.read()
    seconds = time.perf_counter() - start
    if process.returncode:
        return dict(seconds=seconds)
    report = json.loads(text)
    share = report['run']['bytes_read'] / report['scene_bytes']
    patches = sum(report['patches'].values())
    tasks = {name: report['run'][name] for name in ('tasks_kept', 'tasks_done')}
    used = used_seconds() - before
    return dict(seconds=seconds, used=used, cores=used / seconds, read=share, peak=peak / 1e6, patches=patches, **tasks)


def used_seconds() -> float:
    """Processor time of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kill_worker(process: subprocess.Popen, done: int, after: int) -> bool:
    """Kills the busiest worker when so many tasks are done."""
    if done < after:
        return False
    children = psutil.Process(process.pid).children()
    max(children, key=lambda child: sum(child.cpu_times()[:2])).kill()
    return True


def kill_run(process: subprocess.Popen, done: int, after: int) -> bool:
    """Kills the command itself when so many tasks are done; its workers are left to notice."""
    if done < after:
        return False
    process.kill()
    return True


def resident(process: psutil.Process) -> int:
    """Bytes of a process and its children."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def equal(first: Path, second: Path) -> bool:
    """Whether two builds hold the same files."""
    names = [
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file())
        for folder in (first, second)
    ]
    names = [[name for name in found if name != '.build/lock'] for found in names]
    return names[0] == names[1] and not any(filecmp.cmpfiles(first, second, names[0], shallow=False)[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gigabytes', type=float, default=2.0)
    parser.add_argument('--size', type=int, default=8192, help='side of a scene in pixels')
    parser.add_argument('--tile', type=int, default=1024)
    parser.add_argument('--compress', default='deflate', help='of the patches')
    parser.add_argument('--pairs', type=int, default=1, help='builds with each number of workers')
    parser.add_argument('--folder', type=Path, help='where to write (a temporary folder)')
    parser.add_argument('--raw', type=Path, help='archive to use; written there if it is absent, and kept')
    parser.add_argument('--only-archive', action='store_true', help='write --raw and stop')
    args = parser.parse_args()
    options = ['--tile', args.tile, '--compress', args.compress]
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        raw = args.raw or Path(folder, 'raw')
        outs = {workers: Path(folder, f'out{workers}') for workers in (1, 2)}
        if not raw.exists():
            write_archive(raw, args.gigabytes, args.size)
        size = sum(path.stat().st_size for path in raw.rglob('*.tif'))
        print(f'{machine_line()}\narchive of {size / 1e9:.2f} GB; scenes of {args.size}; {" ".join(map(str, options))}')
        if args.only_archive:
            return 0
        runs = [(workers, build(raw, outs[workers], options, workers)) for _ in range(args.pairs) for workers in (1, 2)]
        same = {'two workers': equal(outs[1], outs[2])}
        after = max(1, int(runs[0][1]['tasks_done']) // 3)
        build(raw, outs[2], options, 2, partial(kill_worker, after=after))
        same['a killed worker'] = equal(outs[1], outs[2])
        build(raw, outs[2], options, 2, partial(kill_run, after=after))
        again = json.loads(subprocess.check_output(command(raw, outs[2], options, 2)))['run']
        same[f'a killed run ({again["tasks_kept"]} tasks kept, {again["tasks_done"]} done)'] = equal(outs[1], outs[2])
    return tell(runs, same)


def tell(runs: list[tuple[int, dict[str, float]]], same: dict[str, bool]) -> int:
    """Prints figures and gates; 1 if one is missed."""
    print(markdown_table([
        {'workers': workers, 's': f'{run["seconds"]:.1f}', 'processor s': f'{run["used"]:.1f}',
         'cores used': f'{run["cores"]:.2f}', 'bytes read / bytes': f'{run["read"]:.3f}',
         'peak of all processes (MB)': f'{run["peak"]:.0f}', 'tasks': run['tasks_done'], 'patches': run['patches']}
        for workers, run in runs
    ]))  # fmt: skip
    ratios = [runs[i][1]['seconds'] / runs[i + 1][1]['seconds'] for i in range(0, len(runs), 2)]
    ratio, read, peak = float(np.median(ratios)), *(max(run[name] for _, run in runs) for name in ('read', 'peak'))
    print(f'two workers: {ratio:.2f} times one (gate {RATIO_GATE}); read {read:.3f} (gate {READ_GATE}); '
          f'memory {peak:.0f} MB (gate {MEMORY_GATE})')  # fmt: skip
    print('\n'.join(f'{name}: {"identical files" if good else "OTHER FILES"}' for name, good in same.items()))
    return int(not (ratio >= RATIO_GATE and read <= READ_GATE and peak <= MEMORY_GATE and all(same.values())))


if __name__ == '__main__':
    raise SystemExit(main())
