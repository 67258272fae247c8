"""Memory must not grow with a scene's height."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource, sys
import numpy as np
import mmrs.geo.gdal
mmrs.geo.gdal.CACHE_MEGABYTES = 4
from mmrs.geo.cog import write_cog
from mmrs.geo.scene import Scene
from mmrs.geo.spool import RasterSpool
from mmrs.geo.vector import polygonize
from rasterio.crs import CRS
from rasterio.windows import Window

folder, height = sys.argv[1], int(sys.argv[2])
rows = np.kron(np.random.default_rng(0).integers(0, 3, (4, 32)), np.ones((64, 64))).astype('uint8')[None]
rows[:, -1] = 255
spool = RasterSpool(f'{folder}/spool', 1, height, 2048, 'uint8')
for start in range(0, height, 256):
    spool.write(start, rows)
write_cog(spool, f'{folder}/map.tif', crs=CRS.from_epsg(32633), nodata=255)
with Scene(f'{folder}/map.tif') as scene:
    for start in range(0, height, 512):
        scene.valid(Window(0, start, 2048, 512))
polygonize(f'{folder}/map.tif', f'{folder}/map.gpkg', ['a', 'b', 'c'], skip=[0])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def megabytes(folder, height: int) -> float:
    folder.mkdir()
    command = [sys.executable, '-W', 'ignore', '-c', SCRIPT, str(folder), str(height)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_five_times_the_rows_need_no_more_memory(tmp_path):
    low, high = megabytes(tmp_path / 'low', 4096), megabytes(tmp_path / 'high', 20480)  # 8 and 40 MB of pixels
    assert high < low + 8, f'{low:.0f} MB at 4096 rows, {high:.0f} MB at 20480'
