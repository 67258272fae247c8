"""Samples from windows of large rasters: nothing outside a window is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray
from rasterio.windows import Window

from mmrs.datasets.masks import IGNORE, histogram, unreadable_mask
from mmrs.datasets.transforms.loading import LoadMask
from mmrs.datasets.windows import CV_TYPES, WindowWarp, draw_window
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.geo.scene import Scene
from mmrs.geo.scene_cache import SCENES
from mmrs.registry import TRANSFORMS

DIRECTIONS = {(True, False): 'horizontal', (False, True): 'vertical', (True, True): 'diagonal'}


@TRANSFORMS.register_module()
class LoadWindow(BaseTransform):
    """Loads the window ``results['window']`` (column, row, columns, rows) of an image and its mask, or all of them.

    Adds ``img`` (H, W, C) in the file's dtype and ``gt_seg_map`` (H, W) uint8. Pixels without data in every band
    (nodata, the file's mask, NaN) become ``pad_val`` in the image and 255, "ignore", in the mask. Files stay open
    from sample to sample, see :class:`mmrs.geo.scene_cache.SceneCache`; keep ``persistent_workers=True``.

    Args:
        bands: 1-based numbers of the bands to load; None takes all, as many as ``results['band_names']``.
        mask: Arguments of ``mmrs.LoadMask``; None loads no mask.
        keys: Paths to load from ``results``: co-registered rasters of one size, stacked as channels in this order;
            ``bands`` chooses among the first one's.
        same_bands: Choose ``bands`` from every raster, as for two dates of one sensor.
        pad_val: Value of pixels without data.
    """

    def __init__(
        self,
        bands: Sequence[int] | None = None,
        mask: Mapping[str, Any] | None = None,
        keys: Sequence[str] = ('img_path',),
        same_bands: bool = False,
        pad_val: float = 0,
    ) -> None:
        self.bands = None if bands is None else list(bands)
        self.mask = None if mask is None else LoadMask(**mask)
        self.keys, self.same_bands, self.pad_val = tuple(keys), same_bands, pad_val

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the sample.

        Raises:
            RasterError: If a raster cannot be read, has other bands than expected, or another size.
            DataError: If the mask is missing or broken, or has another size.
        """
        scenes = self._scenes(results)
        scene = (scenes[0].height, scenes[0].width)
        window = Window(*results.get('window', (0, 0, scene[1], scene[0])))
        warp = WindowWarp(scene, window, (int(window.height), int(window.width)))
        return self._load(results, scenes, warp, self._classes(results, scene, warp))

    def _scenes(self, results: dict[str, Any]) -> list[Scene]:
        """Opened rasters of the sample, checked."""
        scenes = [
            SCENES.get(results[key], self.bands if self.same_bands or index == 0 else None)
            for index, key in enumerate(self.keys)
        ]
        first, names = scenes[0], results.get('band_names')
        if self.bands is None and names and self.keys[0] == 'img_path' and len(first.bands) != len(names):
            expected, fix = f'{len(names)}: {", ".join(names)}', f'Choose them with {type(self).__name__}(bands=[...]).'
            raise RasterError(first.path, f'{len(first.bands)} bands', expected, fix)
        for scene in scenes[1:]:
            if (scene.height, scene.width) != (first.height, first.width):
                expected = f'{_pixels(first)} like {first.path}'
                raise RasterError(scene.path, _pixels(scene), expected, 'Warp the rasters to one grid first.')
        return scenes

    def _classes(self, results: dict[str, Any], scene: tuple[int, int], warp: WindowWarp) -> NDArray[np.uint8] | None:
        """The mask of the sample."""
        if self.mask is None:
            return None
        path = results['seg_map_path']
        try:
            masks = SCENES.get(path)
            if (masks.height, masks.width) != scene:
                expected = f'{scene[0]} x {scene[1]} pixels like the image {results.get("img_path")}'
                raise DataError(path, _pixels(masks), expected, 'Redo the mask on the grid of the image.')
            pixels = masks.read(warp.source())
        except RasterError as error:
            raise unreadable_mask(path, error) from error
        return warp(self.mask.decode(pixels, results), smooth=False, outside=IGNORE)

    def _load(
        self, results: dict[str, Any], scenes: list[Scene], warp: WindowWarp, mask: NDArray[np.uint8] | None
    ) -> dict[str, Any]:
        """Reads and warps the image, and fills the results."""
        source, coarse = warp.source(), warp.coarse()
        layers = [scene.read(source, coarse) for scene in scenes]
        valid = np.ones(layers[0].shape[1:], bool)
        for scene, layer in zip(scenes, layers, strict=True):
            valid &= scene.valid(source, layer, coarse)
        image = _bands_last([band for layer in layers for band in layer])
        missing = not valid.all()
        if missing:
            image[~valid] = self.pad_val  # NaN would spread to whatever it is mixed with
        image = warp(image, smooth=True)
        if missing or warp.angle:
            # What is mixed from pixels without data, or from outside the scene, is none.
            lacking = warp(valid.astype(np.uint8) * 255, smooth=True, outside=0) < 255
            image[lacking] = self.pad_val
            if mask is not None:
                mask = np.where(lacking, np.uint8(IGNORE), mask)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        results['window'] = tuple(
            int(value) for value in (warp.window.col_off, warp.window.row_off, warp.window.width, warp.window.height)
        )
        if mask is not None:
            results['gt_seg_map'] = mask
            results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def __repr__(self) -> str:
        settings = f'bands={self.bands}, mask={self.mask}, keys={self.keys}, same_bands={self.same_bands}'
        return f'{type(self).__name__}({settings}, pad_val={self.pad_val})'


@TRANSFORMS.register_module()
class RandomWindow(LoadWindow):
    """Draws a window of a large raster and makes a sample of it by one read and one warp.

    Takes the place of loading, ``RandomResize(ratio_range=...)``, ``RandomRotate``, ``RandomCrop(cat_max_ratio=...)``
    and ``RandomFlip``. The mask is read first; where one class covers too much of it, another window is drawn before
    anything of the image is decoded. The distribution differs from the hosts' chain in this:

    * The window lies on whole pixels of the file, a crop of a resized image on whole pixels of that.
    * Interpolation sees no pixel outside of an upright window, so the outermost half pixel repeats the edge.
    * Below half size images are averaged, from overviews where there are some, instead of sampled with gaps.
    * The sample turns about its own centre, not about the image's; corners hold what lies there in the scene, and
      are padded only outside of it.
    * Flips come before the rotation, and each direction is drawn by itself.

    A scene smaller than a window gives a smaller sample, which the data preprocessor pads, as in the hosts.

    Args:
        crop_size: Rows and columns of the sample.
        ratio_range: Smallest and largest size of the sample's picture to the file's: 2 magnifies. Even between them.
        cat_max_ratio: Largest share of one class among the labelled pixels; tried ten times, as in mmsegmentation.
        flip: Directions, ``horizontal`` and ``vertical``.
        flip_prob: Of each of them.
        rotate_degree: Largest turn to either side.
        rotate_prob: How often.
        aligned: Draw only windows that touch the fewest blocks of the file; see
            :func:`mmrs.datasets.windows.draw_window` for what that changes.
        **kwargs: See :class:`LoadWindow`.

    Raises:
        ConfigError: If an option is out of its range, or windows are to be aligned and turned.
    """

    TRIES = 10

    def __init__(
        self,
        crop_size: tuple[int, int],
        ratio_range: tuple[float, float] = (1.0, 1.0),
        cat_max_ratio: float = 1.0,
        flip: Sequence[str] = ('horizontal', 'vertical'),
        flip_prob: float = 0.5,
        rotate_degree: float = 0.0,
        rotate_prob: float = 0.5,
        aligned: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.crop_size, self.ratio_range = (int(crop_size[0]), int(crop_size[1])), tuple(ratio_range)
        self.cat_max_ratio, self.flip, self.flip_prob = cat_max_ratio, tuple(flip), flip_prob
        self.rotate_degree, self.rotate_prob, self.aligned = rotate_degree, rotate_prob, aligned
        low, high = self.ratio_range
        checks = {
            'crop_size': (min(self.crop_size) > 0, 'two positive numbers of pixels'),
            'ratio_range': (0 < low <= high, 'the smallest and the largest ratio, above 0'),
            'flip': (set(self.flip) <= {'horizontal', 'vertical'}, 'horizontal and vertical, or one of them'),
            'aligned': (
                not (aligned and rotate_degree),
                'no rotate_degree beside it: a turned window needs its corners',
            ),
        }
        for name, (fits, expected) in checks.items():
            if not fits:
                raise ConfigError(f'RandomWindow.{name}', str(getattr(self, name)), expected, 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Draws and loads a sample.

        Raises:
            RasterError: If a raster cannot be read, has other bands than expected, or another size.
            DataError: If the mask is missing or broken, or has another size.
        """
        scenes = self._scenes(results)
        for _ in range(self.TRIES):
            warp = self._drawn(scenes[0])
            mask = self._classes(results, warp.scene, warp)
            if mask is None or self.cat_max_ratio >= 1 or self._is_mixed(mask):
                break
        results = self._load(results, scenes, warp, mask)
        results['scale_factor'] = (warp.size[1] / warp.window.width, warp.size[0] / warp.window.height)
        results['flip'], results['flip_direction'] = any(warp.flips), DIRECTIONS.get(warp.flips)
        return results

    def _drawn(self, scene: Scene) -> WindowWarp:
        shape = (scene.height, scene.width)
        low, high = self.ratio_range
        ratio = np.random.uniform(low, high)
        window, size = draw_window(shape, self.crop_size, ratio, scene.block_shape if self.aligned else None)
        turned = self.rotate_degree and np.random.rand() < self.rotate_prob
        angle = np.random.uniform(-self.rotate_degree, self.rotate_degree) if turned else 0.0
        chances = np.random.rand(2) < self.flip_prob
        flips = ('horizontal' in self.flip and bool(chances[0]), 'vertical' in self.flip and bool(chances[1]))
        return WindowWarp(shape, window, size, angle, flips)

    def _is_mixed(self, mask: NDArray[np.uint8]) -> bool:
        counts = histogram(mask)[:IGNORE]
        return bool((counts > 0).sum() > 1 and counts.max() < self.cat_max_ratio * counts.sum())

    def __repr__(self) -> str:
        settings = (
            f'crop_size={self.crop_size}, ratio_range={self.ratio_range}, cat_max_ratio={self.cat_max_ratio}, '
            f'flip={self.flip}, flip_prob={self.flip_prob}, rotate_degree={self.rotate_degree}, '
            f'rotate_prob={self.rotate_prob}, aligned={self.aligned}'
        )
        return super().__repr__().replace('(', f'({settings}, ', 1)


def _bands_last(planes: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """(H, W, C) of (H, W) each; OpenCV interleaves a dozen times faster than numpy."""
    kind = np.result_type(*planes)
    if kind not in CV_TYPES:
        return np.stack(planes, axis=-1)
    merged = cv2.merge([plane.astype(kind, copy=False) for plane in planes])
    return merged if merged.ndim == 3 else merged[..., None]


def _pixels(scene: Scene) -> str:
    return f'{scene.height} x {scene.width} pixels'
