"""Loads images and masks of any raster format as they are, and refuses broken ones by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from mmrs.datasets.masks import check_values, decode_mask, looked_up, read_mask, without_zero
from mmrs.datasets.pixels import read_pixels
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadRaster(BaseTransform):
    """Loads an image of any dtype and band count, bands in the file's order: RGB stays RGB.

    Adds ``img`` (H, W, C) in the file's dtype, ``img_shape`` and ``ori_shape``. Because the order is RGB, the data
    preprocessor has ``bgr_to_rgb=False``.

    Args:
        bands: 1-based numbers of the bands to load; None takes all, which have to be as many as
            ``results['band_names']``, where the dataset knows them.
        keys: Paths to load from ``results``. Several co-registered rasters are stacked as channels in this order,
            and numpy decides their common dtype; ``bands`` then chooses among the first one's.
        same_bands: Choose ``bands`` from every raster, as for two dates of one sensor.
        key_bands: Bands of single rasters by their key, such as ``dict(sar_path=[1])``; goes before the others.
    """

    def __init__(
        self,
        bands: Sequence[int] | None = None,
        keys: Sequence[str] = ('img_path',),
        same_bands: bool = False,
        key_bands: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.bands = None if bands is None else list(bands)
        self.keys = tuple(keys)
        self.same_bands = same_bands
        self.key_bands = {key: list(chosen) for key, chosen in (key_bands or {}).items()}
        if set(self.key_bands) - set(self.keys):
            found = ', '.join(sorted(set(self.key_bands) - set(self.keys)))
            raise ConfigError('LoadRaster.key_bands', found, f'some of {", ".join(self.keys)}', 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the image.

        Raises:
            RasterError: If a raster cannot be read, has other bands than expected, or co-registered ones differ in
                size.
        """
        layers = [
            read_pixels(results[key], self.key_bands.get(key, self.bands if self.same_bands or index == 0 else None))
            for index, key in enumerate(self.keys)
        ]
        self._check(results, layers)
        image = layers[0] if len(layers) == 1 else np.concatenate(layers)
        results['img'] = np.ascontiguousarray(np.moveaxis(image, 0, -1))
        results['img_shape'] = results['ori_shape'] = image.shape[1:]
        return results

    def _check(self, results: dict[str, Any], layers: list[NDArray[Any]]) -> None:
        path, names = results[self.keys[0]], results.get('band_names')
        if layers[0].ndim != 3:
            shape = ' x '.join(map(str, layers[0].shape))
            raise RasterError(path, f'an array of {shape}', 'bands, rows, columns', 'Load dates with LoadTimeSeries.')
        chosen = self.key_bands.get(self.keys[0], self.bands)
        if chosen is None and names and 'img_path' == self.keys[0] and len(layers[0]) != len(names):
            expected = f'{len(names)}: {", ".join(names)}'
            raise RasterError(path, f'{len(layers[0])} bands', expected, 'Choose them with LoadRaster(bands=[...]).')
        for key, layer in zip(self.keys[1:], layers[1:], strict=True):
            if layer.shape[1:] != layers[0].shape[1:]:
                expected = f'{_size(layers[0])} like {path}'
                raise RasterError(results[key], _size(layer), expected, 'Warp the rasters to one grid first.')

    def __repr__(self) -> str:
        settings = f'bands={self.bands}, keys={self.keys}, same_bands={self.same_bands}, key_bands={self.key_bands}'
        return f'{type(self).__name__}({settings})'


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Loads a mask of class indices (PNG, GeoTIFF, numpy, ...) and checks every value.

    Adds ``gt_seg_map`` (H, W) uint8. 255 means "ignore" and is always allowed. Without settings of its own it takes
    ``results['mask_values']``, ``'mask_threshold'`` and ``'mask_palette'``, which datasets of the catalogue supply.

    Args:
        num_classes: Number of classes; None takes ``results['num_classes']``, which mmrs datasets supply.
        label_map: Value in the file to class index, for files that do not hold class indices. Values that are not
            listed, apart from 255, are an error.
        threshold: For two classes drawn in grey: values from here on are class 1, below it 0.
        palette: Colour of each class, for masks that are RGB pictures.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        label_map: Mapping[int, int] | None = None,
        threshold: int | None = None,
        palette: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.num_classes = num_classes
        # Keys become strings in a config that has been through JSON or YAML.
        self.label_map = None if label_map is None else {int(old): int(new) for old, new in label_map.items()}
        self.threshold, self.palette = threshold, palette

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the mask.

        Raises:
            DataError: If it is missing, has another size than the image, or holds values outside the classes.
        """
        path = results['seg_map_path']
        mask = self._chosen(self._indices(path, results), results)
        shape = results.get('ori_shape') or results.get('img_shape')  # a test pipeline may have resized the image
        if shape is not None and mask.shape != tuple(shape[:2]):
            expected = f'{shape[0]} x {shape[1]} like the image {results.get("img_path")}'
            raise DataError(path, _size(mask), expected, 'Redo the mask on the grid of the image.')
        results['gt_seg_map'] = mask
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def decode(self, pixels: NDArray[Any], results: dict[str, Any]) -> NDArray[np.uint8]:
        """Class indices of a window of the mask, checked as a whole mask is.

        Args:
            pixels: (bands, rows, columns) as they are in ``results['seg_map_path']``.
            results: Of the sample.

        Raises:
            DataError: If they hold values outside the classes.
        """
        path = results['seg_map_path']
        return self._chosen(decode_mask(pixels, path, *self._coding(results)), results)

    def _indices(self, path: str, results: dict[str, Any]) -> NDArray[np.uint8]:
        return read_mask(path, *self._coding(results))

    def _coding(self, results: dict[str, Any]) -> tuple[Any, ...]:
        coding: tuple[Any, ...] = (self.label_map, self.threshold, self.palette)
        if coding == (None, None, None):
            coding = tuple(results.get(f'mask_{name}') for name in ('values', 'threshold', 'palette'))
        return coding

    def _chosen(self, mask: NDArray[np.uint8], results: dict[str, Any]) -> NDArray[np.uint8]:
        """The dataset's own choice and order of classes, without values that are none."""
        path = results['seg_map_path']
        if results.get('reduce_zero_label'):
            mask = without_zero(mask)
        if results.get('label_map') is not None:  # classes chosen or reordered in the dataset's metainfo
            mask = looked_up(mask, {**{value: value for value in range(256)}, **results['label_map']}, path)
        number = self.num_classes or results.get('num_classes')
        if number:
            check_values(mask, number, path)
        return mask

    def __repr__(self) -> str:
        settings = f'num_classes={self.num_classes}, label_map={self.label_map}, threshold={self.threshold}'
        return f'{type(self).__name__}({settings}, palette={self.palette})'


def _size(array: NDArray[Any]) -> str:
    return f'{array.shape[-2]} x {array.shape[-1]} pixels'
