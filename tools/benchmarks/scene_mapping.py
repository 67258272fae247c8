"""Scene mapping against the bare model, mmsegmentation's RSInferencer and TerraTorch's tiled inference.

All of them run the same light segmentor (so that what surrounds a network shows), on the same GeoTIFF, with tiles of
512 pixels every 384 or fewer, and end with a class map on disk::

    python tools/benchmarks/scene_mapping.py                       # 8192 x 8192, bare model and RSInferencer
    python tools/benchmarks/scene_mapping.py --terratorch DIR      # DIR holds the package `terratorch`
    python tools/benchmarks/scene_mapping.py --size 2048 --pairs 3 # a quick look
    python tools/benchmarks/scene_mapping.py --threads 1           # the network leaves the other cores free

The bare model gets its tiles from memory and writes nothing. Ours reads, blends, and writes a COG with overviews; the
quicklook is left out, for no peer draws one. `argmax(dim)` is slow on CPUs and the largest cost of both peers: they
are measured as published and again with `max(dim).indices` in its place. Memory: peak above the process once model and
packages are loaded, each in a process of its own, for ours also on scenes of four times the size, taller and wider.
Exit code 1 if a gate is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import rasterio
import torch
from _harness import compare, machine_line, markdown_table
from rasterio.transform import from_origin
from rasterio.windows import Window
from torch import Tensor, nn

import mmrs  # noqa: F401  (lets mmseg be imported without mmcv's compiled operators)
from mmrs.engine.malloc import keep_freed_memory

TILE, STRIDE, BATCH, CLASSES = 512, 384, 4, 6
MEAN, STD = [120.0, 110.0, 100.0], [50.0, 50.0, 50.0]
GATES = {'bare model': 0.8, 'RSInferencer': 2.0, 'TerraTorch': 1.5}  # peer time / our time
MEMORY_GATE = 0.6e9
Run = Callable[[], object]


def write_scene(path: Path, size: int, height: int | None = None) -> Path:
    """A deflated, tiled uint8 RGB scene: plateaus of 16 pixels with a little noise, which compresses like imagery."""
    height = height or size
    profile = {'driver': 'GTiff', 'width': size, 'height': height, 'count': 3, 'dtype': 'uint8', 'crs': 'EPSG:32633'}
    layout = {'tiled': True, 'blockxsize': 512, 'blockysize': 512, 'compress': 'deflate', 'predictor': 2}
    random = np.random.default_rng(0)
    with rasterio.open(path, 'w', **profile, **layout, transform=from_origin(5e5, 5e6, 0.5, 0.5)) as dataset:
        for top in range(0, height, 512):
            rows = min(512, height - top)
            plateaus = random.integers(0, 240, (3, -(-rows // 16), -(-size // 16)), dtype=np.uint8)
            plateaus = plateaus.repeat(16, 1).repeat(16, 2)[:, :rows, :size]
            noise = random.integers(0, 8, plateaus.shape, dtype=np.uint8)
            dataset.write(plateaus + noise, window=Window(0, top, size, rows))
    return path


def light_segmentor() -> nn.Module:
    """A segmentor of a few convolutions: about 10 ms a tile, on one thread or on two."""
    from mmengine.config import Config, ConfigDict
    from mmengine.registry import init_default_scope
    from mmseg.models import EncoderDecoder
    from mmseg.registry import MODELS

    width = 64 if torch.get_num_threads() == 1 else 96
    if 'LightBackbone' not in MODELS.module_dict:

        @MODELS.register_module()
        class LightBackbone(nn.Sequential):
            def __init__(self) -> None:
                widths = [3, width // 2, width, width, width]
                steps = [(4, 1), (2, 1), (1, 1), (1, 1)]
                convs = [
                    nn.Conv2d(i, o, 3, stride, padding)
                    for i, o, (stride, padding) in zip(widths[:-1], widths[1:], steps, strict=True)
                ]
                super().__init__(*(layer for conv in convs for layer in (conv, nn.ReLU())))

            def forward(self, pixels: Tensor) -> tuple[Tensor]:
                return (super().forward(pixels),)

    init_default_scope('mmseg')
    torch.manual_seed(0)
    head = {'type': 'FCNHead', 'in_channels': width, 'channels': width, 'num_convs': 0, 'concat_input': False}
    model = EncoderDecoder(
        backbone={'type': 'LightBackbone'},
        decode_head={**head, 'num_classes': CLASSES, 'loss_decode': {'type': 'CrossEntropyLoss'}},
        data_preprocessor={'type': 'SegDataPreProcessor', 'mean': MEAN, 'std': STD},
        test_cfg=ConfigDict(mode='whole'),
    )
    model.cfg = Config({'test_pipeline': [{'type': 'LoadImageFromNDArray'}, {'type': 'PackSegInputs'}]})
    return model.eval()


def scene_model(segmentor: nn.Module):  # noqa: ANN201
    """The segmentor as mmrs runs it."""
    from mmrs.apis.model import SegmentorLogits
    from mmrs.apis.scene_model import SceneModel

    names = [f'class {index}' for index in range(CLASSES)]
    settings = {'tile': TILE, 'overlap': TILE - STRIDE, 'batch_size': BATCH}
    return SceneModel(SegmentorLogits(segmentor), names, mean=MEAN, std=STD, identity={'name': 'light'}, **settings)


def ours(scene: Path, folder: Path) -> Run:
    """The whole of `map_scene`, quicklook left out."""
    from mmrs.apis.map_scene import MapOptions, map_scene

    model, options = scene_model(light_segmentor()), MapOptions(quicklook=False, overwrite=True)
    return lambda: map_scene(model, scene, folder / 'ours', options)


def bare_model(scene: Path, folder: Path) -> Run:
    """The model alone, on tiles that lie in memory."""
    from mmrs.apis.tiles import TileReader
    from mmrs.geo.grid import TileGrid
    from mmrs.geo.scene import Scene

    model = scene_model(light_segmentor())
    with Scene(scene) as opened:
        reader = TileReader(opened, TileGrid(opened.height, opened.width, TILE, TILE - STRIDE), TILE, BATCH, MEAN)
        batches = [batch.pixels for batch in reader.batches()]

    def run() -> None:
        for batch in batches:
            model(batch)

    return run


def rs_inferencer(scene: Path, folder: Path) -> Run:
    """mmsegmentation's inferencer for remote-sensing images; rasterio stands in for GDAL's own Python bindings."""
    from mmseg.apis import remote_sense_inferencer as module

    module.gdal = gdal_on_rasterio()
    segmentor = light_segmentor()

    def run() -> None:
        inferencer = module.RSInferencer.from_model(segmentor, batch_size=BATCH)
        inferencer.run(module.RSImage(str(scene)), (TILE, TILE), (STRIDE, STRIDE), str(folder / 'rs.tif'))

    return run


def gdal_on_rasterio() -> types.SimpleNamespace:
    """The few calls of `osgeo.gdal` that RSInferencer makes."""

    class Dataset:
        def __init__(self, dataset: object) -> None:
            self.dataset = dataset
            self.RasterXSize, self.RasterYSize, self.RasterCount = dataset.width, dataset.height, dataset.count

        def GetGeoTransform(self) -> tuple[float, ...]:
            return self.dataset.transform.to_gdal()

        def GetProjection(self) -> str:
            return self.dataset.crs.to_wkt()

        def SetGeoTransform(self, values: tuple[float, ...]) -> None:
            self.dataset.transform = rasterio.Affine.from_gdal(*values)

        def SetProjection(self, wkt: str) -> None:
            self.dataset.crs = rasterio.CRS.from_wkt(wkt)

        def GetRasterBand(self, band: int) -> types.SimpleNamespace:
            def write(data: np.ndarray, x: int, y: int) -> None:
                self.dataset.write(data.astype(np.uint8), band, window=Window(x, y, data.shape[1], data.shape[0]))

            return types.SimpleNamespace(WriteArray=write)

        def ReadAsArray(self, x: int, y: int, width: int, height: int) -> np.ndarray:
            return self.dataset.read(window=Window(x, y, width, height))

        def __del__(self) -> None:
            self.dataset.close()

    def create(path: str, width: int, height: int, count: int, kind: str) -> Dataset:
        profile = {'width': width, 'height': height, 'count': count, 'dtype': kind}
        return Dataset(rasterio.open(path, 'w', driver='GTiff', **profile))

    return types.SimpleNamespace(
        Dataset=Dataset,
        GA_ReadOnly=0,
        GDT_Byte='uint8',
        Open=lambda path, mode: Dataset(rasterio.open(path)),
        GetDriverByName=lambda name: types.SimpleNamespace(Create=create),
    )


def terratorch(scene: Path, folder: Path) -> Run:
    """TerraTorch's `tiled_inference` at its default cropping and blending, then `argmax` as its task does."""
    tiled_inference = importlib.import_module('terratorch.tasks.tiled_inference').tiled_inference
    from mmrs.apis.model import SegmentorLogits

    network = SegmentorLogits(light_segmentor())
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))

    def run() -> None:
        with rasterio.open(scene) as dataset:
            profile = {**dataset.profile, 'count': 1, 'compress': 'lzw', 'predictor': 1}
            image = torch.from_numpy(dataset.read()).float().sub_(mean).div_(std)[None]
        logits = tiled_inference(network, image, crop=TILE, stride=STRIDE, batch_size=BATCH)
        labels = logits.argmax(dim=1)[0].to(torch.uint8).numpy()
        with rasterio.open(folder / 'terratorch.tif', 'w', **profile) as dataset:
            dataset.write(labels, 1)

    return run


def make_terratorch_importable(folder: str | None) -> bool:
    """Puts in place what `terratorch.tasks.tiled_inference` needs, without the hundred packages of the rest."""
    root = Path(folder) / 'terratorch' if folder else None
    if root is None:
        spec = importlib.util.find_spec('terratorch')
        root = Path(spec.origin).parent if spec and spec.origin else None
    if root is None or not (root / 'tasks' / 'tiled_inference.py').is_file():
        return False
    for name in ('terratorch', 'terratorch.tasks', 'terratorch.models'):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split('.')[1:]))]
        sys.modules[name] = package
    sys.modules['terratorch.registry'] = types.ModuleType('terratorch.registry')
    sys.modules['terratorch.registry'].BACKBONE_REGISTRY = None
    return True


@contextlib.contextmanager
def fast_argmax(wanted: bool) -> Iterator[None]:
    """`argmax(dim)` by way of `max(dim)`: the same indices, much faster on CPUs."""

    def argmax(self: Tensor, dim: int, keepdim: bool = False) -> Tensor:
        return self.max(dim, keepdim).indices

    with patch.object(Tensor, 'argmax', argmax) if wanted else contextlib.nullcontext():
        yield


RUNS = {'ours': ours, 'bare model': bare_model, 'RSInferencer': rs_inferencer, 'TerraTorch': terratorch}


def time_rows(names: list[str], scene: Path, folder: Path, pairs: int) -> list[dict[str, object]]:
    """Each peer against ours, as published and with a fast argmax."""
    rows = []
    our_run = ours(scene, folder)
    for name in names:
        peer = RUNS[name](scene, folder)
        for fast in (False, True)[: 1 if name == 'bare model' else 2]:
            with fast_argmax(fast):
                result = compare(peer, our_run, pairs)
            gate = '' if fast else f'{GATES[name]:.2f}'
            verdict = '' if fast else ('yes' if result.ratio >= GATES[name] else 'NO')
            label = f'{name}, argmax(dim) replaced' if fast else name
            rows.append({**result.row(peer=label), 'gate': gate, 'held': verdict})
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def measure_memory(name: str, scene: Path, folder: Path) -> int:
    """Peak resident bytes above what the process holds once the model is there."""
    run = RUNS[name](scene, folder)
    Path('/proc/self/clear_refs').write_text('5')
    base = _status('VmRSS')
    run()
    return _status('VmHWM') - base


def _status(field: str) -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def memory_rows(
    names: list[str], scenes: list[Path], folder: Path, terratorch_dir: str | None
) -> list[dict[str, object]]:
    """Memory of each run, in processes of their own; ours on every scene, the peers on the first."""
    rows = []
    for name in ['ours', *names]:
        for scene in scenes if name == 'ours' else scenes[:1]:
            command = [sys.executable, __file__, '--measure-memory', name, str(scene), str(folder)]
            command += ['--terratorch', terratorch_dir] if terratorch_dir else []
            peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
            verdict = ('yes' if peak <= MEMORY_GATE else 'NO') if name == 'ours' else ''
            rows.append(
                {'run': name, 'scene': scene.stem, 'peak above base (MB)': f'{peak / 1e6:.0f}', 'held': verdict}
            )
    return rows


def stop_at_once(args: threading.ExceptHookArgs) -> None:
    """RSInferencer waits for ever once one of its threads has failed."""
    sys.excepthook(args.exc_type, args.exc_value, args.exc_traceback)
    os._exit(1)


def main() -> int:
    """Runs the comparison and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=8192, help='side of the scene in pixels')
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs for each peer')
    parser.add_argument('--peers', nargs='+', choices=list(GATES), default=list(GATES), help='whom to compare to')
    parser.add_argument('--threads', type=int, metavar='N', help='threads of the network (one a core)')
    parser.add_argument('--terratorch', metavar='DIR', help='folder that holds the package terratorch')
    parser.add_argument('--no-memory', action='store_true', help='leave out the memory table')
    parser.add_argument('--measure-memory', nargs=3, metavar=('RUN', 'SCENE', 'DIR'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    threading.excepthook = stop_at_once
    if args.threads:
        torch.set_num_threads(args.threads)
    keep_freed_memory()  # as `mmrs predict` does; the peers have it too
    has_terratorch = make_terratorch_importable(args.terratorch)
    if args.measure_memory:
        name, scene, folder = args.measure_memory
        print(measure_memory(name, Path(scene), Path(folder)))
        return 0
    names = [name for name in args.peers if name != 'TerraTorch' or has_terratorch]
    if names != args.peers:
        print('TerraTorch is not installed here: left out', file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scene = write_scene(folder / f'{args.size}.tif', args.size)
        print(machine_line())
        rows = time_rows(names, scene, folder, args.pairs)
        print(f'\n{args.size} x {args.size} pixels, ratio = peer / ours:\n\n{markdown_table(rows)}')
        if not args.no_memory:
            taller = write_scene(folder / f'{args.size} x {4 * args.size}.tif', args.size, 4 * args.size)
            scenes = [scene, taller, write_scene(folder / f'{2 * args.size}.tif', 2 * args.size)]
            rows += (
                memory := memory_rows([name for name in names if name != 'bare model'], scenes, folder, args.terratorch)
            )
            print(f'\n{markdown_table(memory)}')
    return int(any(row['held'] == 'NO' for row in rows))


if __name__ == '__main__':
    sys.exit(main())
