"""Commands as a user types them, and boxes of the files that they write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyogrio
import shapely


def mmrs(*arguments: object, cwd: Path) -> str:
    command = [sys.executable, '-m', 'mmrs', *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def boxes(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Polygons, classes and scores of a file."""
    meta, _, geometry, columns = pyogrio.raw.read(path)
    assert meta['crs'] == 'EPSG:32632' and list(meta['fields']) == ['class_id', 'class', 'score', 'angle']
    return shapely.from_wkb(geometry), columns[1], columns[2]


def found(truth: Path, predicted: Path) -> float:
    """Share of the objects of a scene that a box of their class covers with IoU 0.5."""
    objects, names, _ = boxes(truth)
    guesses, classes, _ = boxes(predicted)
    tree = shapely.STRtree(guesses)
    hits = 0
    for figure, name in zip(objects, names, strict=True):
        near = [index for index in tree.query(figure) if classes[index] == name]
        ious = [figure.intersection(guesses[one]).area / figure.union(guesses[one]).area for one in near]
        hits += max(ious, default=0.0) >= 0.5
    return hits / max(len(objects), 1)
