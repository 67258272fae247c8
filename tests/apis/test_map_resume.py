"""Mapping that was killed, or ran out of disk, goes on later and ends with the same bytes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest
from toy_scene import files, same_but_sidecar, toy_model, write_scene

from mmrs.apis.map_scene import MapOptions, map_scene
from mmrs.errors import RasterError


class Interrupted(Exception):
    pass


def stop_after(tiles):
    def progress(done, total):
        if done >= tiles:
            time.sleep(0.05)  # lets the writing thread finish what it has
            raise Interrupted

    return progress


@pytest.mark.parametrize('tiles', [1, 7, 13, 23])
def test_resumed_maps_have_the_same_bytes(tmp_path, tiles) -> None:
    write_scene(tmp_path / 's.tif')
    options = MapOptions(probabilities='float32', polygons='gpkg')
    map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'whole', options)
    with pytest.raises(Interrupted):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', options, progress=stop_after(tiles))
    assert not files(tmp_path / 'out')
    said = []
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', options, notify=said.append)
    assert result.tiles_run + result.tiles_resumed == 24
    if tiles > 12:
        assert result.tiles_resumed >= 6 and 'going on at row' in said[0]
    same_but_sidecar(files(tmp_path / 'out'), files(tmp_path / 'whole'))
    assert not [path for path in (tmp_path / 'out').iterdir() if path.name.startswith('.')]


def test_changed_settings_start_anew_and_say_so(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    for options, match in ((MapOptions(overlap=0), 'have changed'), (MapOptions(resume=False), 'as asked')):
        with pytest.raises(Interrupted):
            map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', progress=stop_after(20))
        said = []
        result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', options, notify=said.append)
        assert match in said[0] and result.tiles_resumed == 0
        for path in result.outputs.values():
            path.unlink()


SLOW_RUN = """
import time
from mmrs.apis.map_scene import MapOptions, map_scene
from toy_scene import toy_model
model = toy_model()
fast = model.network
model.network = lambda pixels: (time.sleep(0.02), fast(pixels))[1]
print('ready', flush=True)
map_scene(model, {scene!r}, {out!r}, MapOptions(probabilities='percent', polygons='gpkg'))
"""


@pytest.mark.parametrize('delay', [0.08, 0.35])
def test_killed_runs_go_on_to_the_same_bytes(tmp_path, delay) -> None:
    write_scene(tmp_path / 's.tif', 300, 130)
    options = MapOptions(probabilities='percent', polygons='gpkg')
    map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'whole', options)
    out = tmp_path / 'out'
    program = SLOW_RUN.format(scene=str(tmp_path / 's.tif'), out=str(out))
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline() == b'ready\n'
    journal = out / '.s.partial' / 'classes' / 'journal.json'
    deadline = time.monotonic() + 30
    while not journal.is_file() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not files(out), 'killed too late'
    result = map_scene(toy_model(), tmp_path / 's.tif', out, options)
    assert result.tiles_resumed >= 6 and result.tiles_run + result.tiles_resumed == 13 * 6
    same_but_sidecar(files(out), files(tmp_path / 'whole'))


def test_rows_ahead_of_a_lost_checkpoint_come_again(tmp_path) -> None:
    """The disk fell behind, so that rows were written without a checkpoint: they are computed again, not doubled."""
    write_scene(tmp_path / 's.tif', 300, 130)
    map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'whole')
    from mmrs.apis.progress_store import ProgressStore

    behind = iter([False, False, True, True, True, True, True, True])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(ProgressStore, 'busy', property(lambda store: next(behind)))
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', progress=stop_after(6 * 6))
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert result.tiles_resumed == 2 * 6
    same_but_sidecar(files(tmp_path / 'out'), files(tmp_path / 'whole'))


@pytest.mark.parametrize('after', [0, 3, 9])
def test_full_disk_leaves_nothing_under_final_names_and_goes_on_later(tmp_path, monkeypatch, after) -> None:
    write_scene(tmp_path / 's.tif')
    map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'whole')
    synced = []
    fsync = os.fsync

    def full(file):
        synced.append(file)
        if len(synced) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        with pytest.raises(RasterError, match='No space left'):
            map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert not files(tmp_path / 'out')
    map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    same_but_sidecar(files(tmp_path / 'out'), files(tmp_path / 'whole'))
