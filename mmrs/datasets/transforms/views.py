"""Views of one place, for SkySense's first stage: other parts, dates and light of the same ground. Our own design."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement

from mmrs.datasets.rs_semantic.geometry import draw_geometry
from mmrs.datasets.rs_semantic.tiles import find_place
from mmrs.datasets.transforms.mosaic import LoadMosaic
from mmrs.errors import ConfigError
from mmrs.registry import TRANSFORMS


def region_of(location: tuple[float, float] | None, regions: int) -> int:
    """Number of the region of a place, in a table of rows of equal height in the sine of the latitude.

    The regions have equal areas; how SkySense drew its own is not published.

    Args:
        location: Longitude and latitude in degrees; None where not known.
        regions: A square number; published are 4096.

    Returns:
        From 0; rows go from the south, columns from 180 degrees west; -1 where not known.
    """
    if location is None:
        return -1
    side = math.isqrt(regions)
    column = int((location[0] + 180) / 360 * side) % side
    row = min(int((math.sin(math.radians(location[1])) + 1) / 2 * side), side - 1)
    return row * side + column


@TRANSFORMS.register_module()
class LoadViews(LoadMosaic):
    """Cuts views out of the place ``results['entries'][0]``, see :class:`SemanticMosaics` with ``tiles=1``.

    Each view is a part of its own, mirrored or not, with dates of its own. Labels choose the place and are not kept.
    Adds ``images``: (views, ...) by modality, ``present``, ``boxes`` (views, 5) and ``region``.

    Args:
        views: How many.
        light: Largest change of contrast and brightness of the high-resolution image, in deviations.
        regions: See :func:`region_of`.
        tile_area: Share of the place that a view shows.
        **kwargs: See :class:`LoadMosaic`; ``size`` is that of a view.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        views: int = 2,
        light: float = 0.4,
        regions: int = 4096,
        tile_area: tuple[float, float] | None = (0.4, 1.0),
        **kwargs: Any,
    ) -> None:
        super().__init__(layout=(1, 1), area=None, tile_area=tile_area, **kwargs)
        if views < 2 or light < 0 or math.isqrt(regions) ** 2 != regions:
            found, expected = f'views={views}, light={light}, regions={regions}', '2 or more, from 0, a square number'
            raise ConfigError('LoadViews', found, expected, 'Correct the pipeline.')
        self.views, self.light, self.regions = views, light, regions

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Makes the views.

        Raises:
            RasterError: A raster cannot be read, or has other bands than its sensor.
            DataError: A label is broken.
        """
        random, entry = results.get('random', np.random), results['entries'][0]
        place = find_place(entry, results['class_index'], self.cells, self.scale, random)
        made, boxes = [], []
        for _ in range(self.views):
            geometry = draw_geometry((1, 1), self.cells, self.tile_area, None, self.flip, random)
            made.append(self._direct([place], geometry))
            box = [edge / self.cells for edge in geometry.boxes[0]]
            boxes.append([*box, float(geometry.flips[0])])
            image = made[-1]['images']['hr']
            gain, shift = random.uniform(1 - self.light, 1 + self.light), random.uniform(-self.light, self.light)
            made[-1]['images']['hr'] = (image * gain + shift).astype(np.float32)
        results['images'] = {name: np.stack([view['images'][name] for view in made]) for name in made[0]['images']}
        results['present'] = made[0]['present']
        results['boxes'], results['region'] = np.asarray(boxes, np.float32), region_of(entry.location, self.regions)
        return results


@TRANSFORMS.register_module()
class PackViews(BaseTransform):
    """Makes tensors of views, under the names that :class:`mmrs.models.SkySenseContrast` takes.

    Args:
        modalities: Those of the model; every place has to have them.
    """

    def __init__(self, modalities: Sequence[str] = ('hr', 's2', 's1')) -> None:
        self.modalities = tuple(modalities)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Packs the sample.

        Raises:
            ConfigError: The place lacks a modality.
        """
        lacking = [name for name in self.modalities if not results['present'][name]]
        if lacking:
            entry = results['entries'][0]
            fix = 'List places that have all, or pretrain without that modality.'
            raise ConfigError(entry.label, f'no {", ".join(lacking)}', f'{", ".join(self.modalities)}', fix)
        inputs = dict(
            images={name: torch.from_numpy(results['images'][name]) for name in self.modalities},
            boxes=torch.from_numpy(results['boxes']),
            regions=torch.tensor(results['region']),
        )
        return dict(inputs=inputs, data_samples=BaseDataElement(metainfo=dict(set_name=results['set_name'])))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(modalities={self.modalities})'
