"""``mmrs predict CONFIG CHECKPOINT SCENE... -o OUT``: georeferenced maps from georeferenced scenes."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.cli.options import KeyValues
from mmrs.errors import ConfigError, MmrsError, RasterError

if TYPE_CHECKING:
    from mmrs.apis.detect_scene import DetectionResult
    from mmrs.apis.map_plan import MapOptions
    from mmrs.apis.map_scene import MapResult
    from mmrs.apis.scene_model import SceneModel

EPILOG = """\
Writes, for each SCENE: NAME_classes.tif (cloud-optimised GeoTIFF with colour table), NAME_quicklook.png and NAME.json
(what made the map), and on request NAME_probabilities.tif and NAME_polygons.gpkg. A detector writes
NAME_boxes.gpkg, NAME_quicklook.png and NAME.json. Mapping that was killed goes on where it stopped when the same
command is given again. Example:

  mmrs predict config.py best.pth scene.tif -o maps --polygons gpkg

With a model of change detection, two scenes of one place are compared; the later one is brought to the grid of the
earlier. The map is NAME_LATER_change.tif, its polygons are what changed:

  mmrs predict change.py best.pth 2019.tif --after 2023.tif -o maps --polygons

With the config of a SkySense++ that was pretrained on annotations, examples say what the classes are; nothing is
trained. Masks hold class indices, 255 is none of them; an example should cover as much ground as a tile:

  mmrs predict skysensepp/skysensepp-huge_msl_30k_rs-semantic-512 best.pth scenes/ -o maps --prompt a.tif a_mask.tif

With the config of a classifier, SCENE is an image, a folder of images or a .txt list of them, and the output is
DIR/classes.csv with class and scores of each (or a name that ends in .csv), and a picture of some of them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument('config', metavar='CONFIG', help='path of a config, or its name below configs/')
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='checkpoint of that config')
    parser.add_argument('scenes', metavar='SCENE', nargs='+', help='rasters, VRTs, or folders of rasters')
    parser.add_argument('-o', '--out', metavar='DIR', required=True, help='folder of the outputs')
    _add_input(parser.add_argument_group('what goes in'))
    _add_running(parser.add_argument_group('how it runs'))
    _add_output(parser.add_argument_group('what comes out'))


def _add_input(group: Any) -> None:
    help_text = 'later scene, for change detection; a folder holds one of the same name for each SCENE'
    group.add_argument('--after', metavar='FILE', help=help_text)
    help_text = 'example for a model that segments by example: an image and its mask; give it again for more examples'
    group.add_argument('--prompt', nargs=2, action='append', metavar=('IMAGE', 'MASK'), help=help_text)
    help_text = 'names of the classes in the masks, ascending (class N)'
    group.add_argument('--prompt-classes', type=_names, default=[], metavar='NAME,NAME,...', help=help_text)
    help_text = "bands to use, counted from 1, in the order of the model's training, e.g. 1,2,3 (the config's)"
    group.add_argument('--bands', type=_numbers, metavar='N,N,...', help=help_text)
    help_text = 'value of missing pixels, instead of what the scene declares; nan is allowed'
    group.add_argument('--nodata', type=float, metavar='VALUE', help=help_text)
    help_text = 'override keys of the config'
    group.add_argument('--cfg-options', nargs='+', action=KeyValues, metavar='KEY=VALUE', help=help_text)


def _add_running(group: Any) -> None:
    group.add_argument('--tile', type=int, metavar='PIXELS', help="tile size (the config's crop size)")
    group.add_argument('--overlap', type=int, metavar='PIXELS', help='overlap of tiles, 0 or more (a quarter tile)')
    help_text = 'weights of overlapping tiles: cosine fades over the overlap, gaussian over the tile (cosine)'
    group.add_argument('--blend', choices=('cosine', 'gaussian'), default='cosine', help=help_text)
    group.add_argument('--batch-size', type=int, metavar='N', help='tiles that run at once (4)')
    group.add_argument('--device', metavar='NAME', help='cpu, cuda, cuda:1, ... (cuda where there is one)')
    group.add_argument('--bf16', action='store_true', help='run the network in bfloat16 (autocast)')
    group.add_argument('--no-resume', action='store_true', help='discard an interrupted run and start anew')
    group.add_argument('--dry-run', action='store_true', help='say what would be done, and stop')


def _add_output(group: Any) -> None:
    help_text = 'also write the probability of each class: percent (uint8, the default) or float32'
    group.add_argument('--probabilities', nargs='?', const='percent', choices=('percent', 'float32'), help=help_text)
    help_text = 'also write each connected area of a class as a polygon (gpkg is the default)'
    group.add_argument('--polygons', nargs='?', const='gpkg', choices=('gpkg', 'geojson'), help=help_text)
    group.add_argument('--no-quicklook', action='store_true', help='write no picture')
    group.add_argument('--overwrite', action='store_true', help='replace outputs of another run')


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected band numbers such as 1,2,3, found {text!r}') from None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(',')]


def run(args: argparse.Namespace) -> int:
    """Maps every scene; one that fails is reported and the others are still mapped.

    Returns:
        0 if all went well, 1 if a scene failed.
    """
    from mmrs.cli.classification import classify, is_classifier

    if is_classifier(args):
        return classify(args)
    import torch

    from mmrs.apis.map_plan import MapOptions
    from mmrs.apis.prompted import check_scene
    from mmrs.engine.malloc import keep_freed_memory

    keep_freed_memory()
    with _short_warnings():
        scenes, failed = _scenes(args.scenes)
        if not scenes:
            return 1
        device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
        autocast = torch.bfloat16 if args.bf16 else None
        model = _load(args, device, autocast)
        options = MapOptions(
            tile=args.tile,
            overlap=args.overlap,
            batch_size=args.batch_size,
            blend=args.blend,
            bands=args.bands,
            nodata=args.nodata,
            probabilities=args.probabilities,
            polygons=args.polygons,
            quicklook=not args.no_quicklook,
            resume=not args.no_resume,
            overwrite=args.overwrite,
        )
        for scene in scenes:
            try:
                if args.prompt:
                    check_scene(scene)
                _predict(model, scene, args.out, replace(options, after=_later(scene, args.after)), args.dry_run)
            except MmrsError as error:
                _report(error)
                failed += 1
    if failed and len(args.scenes) + len(scenes) > 2:
        _say(f'{failed} failed, {len(scenes)} found')
    return 1 if failed else 0


def _load(args: argparse.Namespace, device: str, autocast: Any) -> SceneModel:
    from mmrs.apis.config import load_config
    from mmrs.apis.model import load_model
    from mmrs.apis.prompted import is_prompted, load_prompted

    if args.prompt:
        options: dict[str, Any] = dict(tile=args.tile, bands=args.bands, names=args.prompt_classes)
        return load_prompted(args.config, args.checkpoint, args.prompt, device, autocast, args.cfg_options, **options)
    if is_prompted(load_config(args.config, args.cfg_options)):
        fix = 'Show what to look for: --prompt IMAGE MASK.'
        raise ConfigError(args.config, 'a model that segments by example', 'an example', fix)
    return load_model(args.config, args.checkpoint, device, autocast, args.cfg_options)


def _scenes(inputs: list[str]) -> tuple[list[Path], int]:
    """Rasters behind the arguments, and how many arguments lead to none."""
    from mmrs.geo.scene import find_scenes

    found: dict[Path, None] = {}
    failed = 0
    for name in inputs:
        try:
            found.update(dict.fromkeys(find_scenes(name)))
        except MmrsError as error:
            _report(error)
            failed += 1
    stems: dict[str, Path] = {}
    for path in found:
        other = stems.setdefault(path.stem, path)
        if other != path:
            fix = 'Map them into different folders.'
            raise ConfigError(path, f'the name of {other}', 'names that differ: outputs are named after scenes', fix)
    return list(found), failed


def _later(scene: Path, after: str | None) -> Path | None:
    """The later scene: the file itself, or the one of the scene's name in a folder."""
    if after is None:
        return None
    path = Path(after) / scene.name if Path(after).is_dir() else Path(after)
    if not path.exists() and '/vsi' not in after and '://' not in after:
        raise RasterError(path, 'no such file', 'the later scene', 'Correct --after.')
    return path


def _predict(model: SceneModel, scene: Path, out: str, options: MapOptions, dry_run: bool) -> None:
    from mmrs.apis.detect_scene import detect_scene, plan_detection
    from mmrs.apis.detector import DetectionModel
    from mmrs.apis.map_plan import describe, plan_map
    from mmrs.apis.map_scene import map_scene
    from mmrs.cli.progress import TileProgress

    detector = model if isinstance(model, DetectionModel) else None
    if dry_run:
        plan = plan_detection(detector, scene, out, options) if detector else plan_map(model, scene, out, options)
        with plan.scene:
            print(describe(plan, options))
        return
    with TileProgress(scene.name) as progress:
        if detector:
            boxes = detect_scene(detector, scene, out, options, progress, _say)
        else:
            result = map_scene(model, scene, out, options, progress, _say)
    if detector:
        _summarise_boxes(scene, boxes)
    else:
        _summarise(scene, result)


def _summarise_boxes(scene: Path, result: DetectionResult) -> None:
    if not result.kept:
        counts = sorted(result.counts.items(), key=lambda item: -item[1])
        named = ', '.join(f'{name} {count}' for name, count in counts[:5] if count) or 'none found'
        empty = f', {result.tiles_empty} empty' if result.tiles_empty else ''
        objects = sum(result.counts.values())
        print(f'{scene.name}: {result.tiles_run} tiles{empty} in {result.seconds:.1f} s; {objects} objects; {named}')
    for kind, path in result.outputs.items():
        print(f'  {kind}: {path}')


def _summarise(scene: Path, result: MapResult) -> None:
    if not result.kept:
        shares = sorted(result.shares.items(), key=lambda item: -item[1])
        named = ', '.join(f'{name} {share:.1%}' for name, share in shares[:5] if share)
        empty = f', {result.tiles_empty} empty' if result.tiles_empty else ''
        print(f'{scene.name}: {result.tiles_run} tiles{empty} in {result.seconds:.1f} s; {named}')
    for kind, path in result.outputs.items():
        print(f'  {kind}: {path}')


@contextmanager
def _short_warnings() -> Iterator[None]:
    """One line for what a user should know about a raster; what libraries say among themselves is left out."""
    from mmrs.geo.scene import GeoreferenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        warnings.simplefilter('always', GeoreferenceWarning)
        warnings.showwarning = lambda message, *_, **__: _say(f'note: {message}')
        yield


def _report(error: MmrsError) -> None:
    _say(f'error: {error}')


def _say(text: str) -> None:
    print(f'mmrs predict: {text}', file=sys.stderr)
