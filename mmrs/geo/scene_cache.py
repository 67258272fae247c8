"""Scenes that stay open between reads: a training sample is a small window, and opening a file costs as much."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from multiprocessing.util import Finalize

from mmrs.geo.scene import GeoreferenceWarning, Scene

MAX_OPEN = 256  # of the 1,024 files that a process may usually open


class SceneCache:
    """Opened scenes of one process, the least recently used closed when there are too many.

    Every process opens its own: what a dataloader's worker inherits from its parent by a fork is left untouched,
    because both would move one file position. Scenes are closed when the process ends. For one thread a process.

    Args:
        max_open: Largest number of scenes that stay open.

    Attributes:
        opened: Number of scenes that this process has opened.
    """

    def __init__(self, max_open: int = MAX_OPEN) -> None:
        self.max_open = max_open
        self.opened = 0
        self._scenes: OrderedDict[tuple[str, tuple[int, ...] | None], Scene] = OrderedDict()
        self._inherited: list[object] = []
        self._process: int | None = None

    def __len__(self) -> int:
        return len(self._scenes) if self._process == os.getpid() else 0

    def get(self, path: str | os.PathLike[str], bands: Sequence[int] | None = None) -> Scene:
        """The scene, opened if it is not.

        Args:
            path: Anything that GDAL opens.
            bands: 1-based numbers of the bands to read; None takes all.

        Raises:
            RasterError: If it does not open or lacks a band.
        """
        if self._process != os.getpid():
            self._start()
        key = (os.fspath(path), None if bands is None else tuple(bands))
        scene = self._scenes.pop(key, None)
        if scene is None:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', GeoreferenceWarning)  # training needs no place on Earth
                scene = Scene(path, bands, threads=1)
            self.opened += 1
        self._scenes[key] = scene
        while len(self._scenes) > self.max_open:
            self._scenes.popitem(last=False)[1].close()
        return scene

    def close(self) -> None:
        """Closes the scenes of this process."""
        while self._scenes and self._process == os.getpid():
            self._scenes.popitem()[1].close()

    def _start(self) -> None:
        self._inherited.append(self._scenes)  # kept from the garbage collector, which would close them
        self._scenes, self.opened, self._process = OrderedDict(), 0, os.getpid()
        # Workers leave without atexit; multiprocessing runs its own finalizers in them.
        Finalize(None, self.close, exitpriority=0)


SCENES = SceneCache()
