"""Annotation mosaics as samples of SkySense++'s second stage (specification, sections 4.3 to 4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement
from numpy.typing import NDArray

from mmrs.datasets.masks import IGNORE
from mmrs.datasets.rs_semantic.colours import painted, painter_colours, random_colours, shared_classes
from mmrs.datasets.rs_semantic.direct import place_days, place_images, place_series
from mmrs.datasets.rs_semantic.geometry import Geometry, draw_geometry
from mmrs.datasets.rs_semantic.step_by_step import published_mosaic
from mmrs.datasets.rs_semantic.tiles import BANDS, SERIES, Place, find_place, read_image, read_series
from mmrs.errors import ConfigError
from mmrs.geo.sensors import SENSORS, Sensor
from mmrs.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadMosaic(BaseTransform):
    """Makes a mosaic of the tiles ``results['entries']``, see :class:`SemanticMosaics`, and cuts a sample out of it.

    Adds ``images``, normalised float32: ``hr`` (3, H, W), ``s2`` (10, T, h, w), ``s1`` (2, T, h, w), 0 where a tile
    lacks the modality; ``present``, which modalities every visible tile has; ``class_map`` (H, W), class indices, and
    ``classes``, those that are in every tile; with ``days`` for each series (T, h, w) days of the year.

    Args:
        layout: Rows and columns of tiles.
        size: Rows and columns of the sample in pixels of Sentinel-2.
        cells: Side of a tile in pixels of Sentinel-2.
        scale: Pixels of high resolution for one of them.
        dates: Dates of ``s2`` and ``s1``.
        tile_area: Share of a tile that is cut out of it; None: all.
        area: Share of the mosaic that is cut out; None: all.
        flip: How often a tile is mirrored.
        evenly: Take dates evenly spread instead of at random.
        days: Say when images were, for a calendar.
        resampling: ``direct``, one step from a file to the sample; ``published``, the original's: every tile, then the
            mosaic, labels by their corners, lacking images as normalised zeros, ``present`` by the last tile.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        layout: tuple[int, int] = (4, 2),
        size: tuple[int, int] = (32, 16),
        cells: int = 16,
        scale: int = 32,
        dates: Mapping[str, int] | None = None,
        tile_area: tuple[float, float] | None = (0.8, 1.0),
        area: tuple[float, float] | None = (0.3, 1.0),
        flip: float = 0.5,
        evenly: bool = False,
        days: bool = False,
        resampling: str = 'direct',
    ) -> None:
        self.layout, self.size, self.cells, self.scale = tuple(layout), tuple(size), cells, scale
        self.dates = dict(s2=1, s1=1) | dict(dates or {})
        self.tile_area, self.area, self.flip = tile_area, area, flip
        self.evenly, self.days, self.resampling = evenly, days, resampling
        checks = {
            'layout': min(self.layout) > 0,
            'size': min(self.size) > 0,
            'dates': set(self.dates) == set(BANDS) and min(self.dates.values()) > 0,
            'area': all(0 < low <= high <= 1 for low, high in (area or (1, 1), tile_area or (1, 1))),
            'flip': 0 <= flip <= 1,
            'resampling': resampling in ('direct', 'published') and not (days and resampling == 'published'),
        }
        for name, fits in checks.items():
            if not fits:
                expected = 'what the documentation of LoadMosaic says'
                raise ConfigError(f'LoadMosaic.{name}', str(getattr(self, name)), expected, 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Makes the sample.

        Raises:
            RasterError: A raster cannot be read, or has other bands than its sensor.
            DataError: A label is broken, or a date cannot be told.
            ConfigError: There are not as many tiles as places.
        """
        random, entries = results.get('random', np.random), results['entries']
        number = self.layout[0] * self.layout[1]
        if len(entries) != number:
            expected = f'{number}, for {self.layout[0]} x {self.layout[1]}'
            raise ConfigError('tiles', str(len(entries)), expected, 'Let the dataset draw as many.')
        wanted = results['class_index']
        places = [find_place(entry, wanted, self.cells, self.scale, random) for entry in entries]
        results['classes'] = shared_classes([place.labels for place in places], None, wanted)
        geometry = draw_geometry(self.layout, self.cells, self.tile_area, self.area, self.flip, random)  # type: ignore[arg-type]
        if self.resampling == 'published':
            results.update(published_mosaic(places, geometry, self.size, self.scale, self.dates, self.evenly))  # type: ignore[arg-type]
        else:
            results.update(self._direct(places, geometry))
        return results

    def _direct(self, places: Sequence[Place], geometry: Geometry) -> dict[str, Any]:
        fine = (self.size[0] * self.scale, self.size[1] * self.scale)
        coarse = (self.size[0], self.size[1])
        seen = geometry.visible()
        labels = {tile: places[tile].labels for tile in seen}
        pictures = {tile: image for tile in seen if (image := read_image(places[tile])) is not None}
        images = dict(hr=self._picture(places[0], geometry, pictures, fine))
        present, days = dict(hr=len(pictures) == len(seen)), {}
        for name, sensor in SERIES.items():
            found = {
                tile: series
                for tile in seen
                if (series := read_series(places[tile], name, self.dates[name], self.evenly, self.days)) is not None
            }
            tiles = {tile: _normalised(series, sensor) for tile, (series, _) in found.items()}
            images[name] = place_series(geometry, tiles, coarse, BANDS[name], self.dates[name])
            present[name] = len(found) == len(seen)
            if self.days:
                when = {tile: days for tile, (_, days) in found.items() if days is not None}
                days[name] = place_days(geometry, when, coarse, self.dates[name])
        class_map = place_images(geometry, labels, fine, smooth=False, fill=IGNORE)
        return dict(images=images, present=present, class_map=class_map) | (dict(days=days) if self.days else {})

    def _picture(
        self, place: Place, geometry: Geometry, pictures: dict[int, NDArray[Any]], size: tuple[int, int]
    ) -> NDArray[np.float32]:
        if not pictures:
            return np.zeros((3, *size), np.float32)
        kind = np.result_type(*pictures.values())
        if kind != np.uint8:  # only bytes are cut at their limits
            kind = np.dtype(np.float32)
        tiles = {tile: image.astype(kind, copy=False) for tile, image in pictures.items()}
        bands = cv2.split(place_images(geometry, tiles, size, smooth=True))
        sensor, sample = place.entry.kind.sensor, np.empty((3, *size), np.float32)
        for band, (mean, std) in enumerate(zip(sensor.mean, sensor.std, strict=True)):
            if kind == np.uint8:
                cv2.LUT(bands[band], ((np.arange(256) - mean) / std).astype(np.float32), dst=sample[band])
            else:
                np.multiply(bands[band] - np.float32(mean), np.float32(1 / std), out=sample[band])
        for tile, down, right in geometry.spans(size):
            if tile not in pictures:
                sample[:, slice(*down.target), slice(*right.target)] = 0
        return sample

    def __repr__(self) -> str:
        settings = ', '.join(f'{name}={value}' for name, value in vars(self).items())
        return f'{type(self).__name__}({settings})'


def _normalised(series: NDArray[Any], sensor: Sensor) -> NDArray[np.float32]:
    mean, std = (np.asarray(values, np.float32)[:, None, None, None] for values in (sensor.mean, sensor.std))
    return (series - mean) / std


@TRANSFORMS.register_module()
class PaintAnnotation(BaseTransform):
    """Names the classes of a mosaic anew, so that no id comes to mean a class.

    Adds ``annotation`` (H, W) int64: 0 for the background, and an id for each of ``classes``, which ``ids`` lists; or
    ``targets``, colours as the original hands them to its model.

    Args:
        vocabulary_size: Highest id.
        shuffle: Draw ids, or colours, at random; else the classes get the first ones in their order.
        output: ``ids``; or ``colours``, (3, H, W) float32 normalised, for ``colours_to_ids`` in the model.
    """

    def __init__(self, vocabulary_size: int = 64, shuffle: bool = True, output: str = 'ids') -> None:
        if vocabulary_size < 1 or output not in ('ids', 'colours'):
            found, expected = f'vocabulary_size={vocabulary_size}, output={output!r}', '1 or more; ids or colours'
            raise ConfigError('PaintAnnotation', found, expected, 'Correct the pipeline.')
        self.vocabulary_size, self.shuffle, self.output = vocabulary_size, shuffle, output

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Paints ``class_map``.

        Raises:
            ConfigError: There are more classes than ids.
        """
        random, classes = results.get('random', np.random), results['classes']
        if self.output == 'ids':
            ids = np.arange(1, self.vocabulary_size + 1)
            if self.shuffle:
                ids = random.permutation(ids)
            results['annotation'] = painted(results['class_map'], classes, ids)
            results['ids'] = ids[: len(classes)].tolist()
            return results
        colours = random_colours(len(classes), random) if self.shuffle else painter_colours(len(classes))
        rgb = SENSORS['rgb']
        table = ((colours - np.asarray(rgb.mean)) / rgb.std).astype(np.float32)
        black = (-np.asarray(rgb.mean) / rgb.std).astype(np.float32)
        targets = painted(results['class_map'], classes, table - black) + black
        results['targets'] = np.ascontiguousarray(np.moveaxis(targets, -1, 0))
        return results

    def __repr__(self) -> str:
        settings = f'vocabulary_size={self.vocabulary_size}, shuffle={self.shuffle}, output={self.output!r}'
        return f'{type(self).__name__}({settings})'


@TRANSFORMS.register_module()
class PackMosaic(BaseTransform):
    """Makes tensors of a mosaic, under the names that :meth:`mmrs.models.SkySensePP.forward` takes.

    Args:
        modalities: Those of the model, in its order.
        meta_keys: What else the sample carries along, in ``data_samples``.
    """

    def __init__(
        self,
        modalities: Sequence[str] = ('hr', 's2', 's1'),
        meta_keys: Sequence[str] = ('set_name', 'class_index', 'classes', 'ids'),
    ) -> None:
        self.modalities, self.meta_keys = tuple(modalities), tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Packs the sample: ``inputs`` and ``data_samples``."""
        inputs: dict[str, Any] = dict(
            images={name: torch.from_numpy(results['images'][name]) for name in self.modalities},
            present=torch.tensor([results['present'][name] for name in self.modalities]),
        )
        for key, name in (('annotation', 'annotations'), ('targets', 'targets'), ('mask', 'masks')):
            if key in results:
                inputs[name] = torch.from_numpy(results[key])
        if 'days' in results:
            inputs['days'] = {name: torch.from_numpy(days) for name, days in results['days'].items()}
        meta = {key: results[key] for key in self.meta_keys if key in results}
        return dict(inputs=inputs, data_samples=BaseDataElement(metainfo=meta))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(modalities={self.modalities}, meta_keys={self.meta_keys})'
