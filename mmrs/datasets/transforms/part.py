"""Part of an image: splits a set of few large tiles by place, so that training and testing share no ground."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmrs.errors import ConfigError
from mmrs.registry import TRANSFORMS

Share = tuple[float, float]


@TRANSFORMS.register_module()
class KeepPart(BaseTransform):
    """Keeps the same part of every image, of its mask, and the boxes whose centre lies in it.

    Use it after loading, with complementary parts in the training and the test pipeline. The part becomes the image:
    ``img_shape`` and ``ori_shape`` are its size.

    Args:
        columns: First and last share of the width, such as ``(0, 0.5)`` for the western half of a map.
        rows: Likewise of the height.

    Raises:
        ConfigError: A share does not run upwards within 0 to 1.
    """

    def __init__(self, columns: Share = (0.0, 1.0), rows: Share = (0.0, 1.0)) -> None:
        for name, (low, high) in (('columns', columns), ('rows', rows)):
            if not 0 <= low < high <= 1:
                expected = 'two shares, the first below the second, from 0 to 1'
                raise ConfigError(f'KeepPart({name})', f'({low}, {high})', expected, 'Correct the pipeline.')
        self.columns, self.rows = columns, rows

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cuts ``img``, every map of ``seg_fields`` and the boxes that are there."""
        height, width = results['img'].shape[:2]
        (top, bottom), (left, right) = _pixels(self.rows, height), _pixels(self.columns, width)
        for key in ('img', *results.get('seg_fields', ())):
            results[key] = np.ascontiguousarray(results[key][top:bottom, left:right])
        if 'gt_bboxes' in results:
            x, y = results['gt_bboxes'].centers.T.numpy()
            inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
            results['gt_bboxes'] = results['gt_bboxes'][inside]
            results['gt_bboxes'].translate_((-left, -top))
            for key in ('gt_bboxes_labels', 'gt_ignore_flags'):
                results[key] = results[key][inside]
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(columns={self.columns}, rows={self.rows})'


def _pixels(share: Share, size: int) -> tuple[int, int]:
    return round(share[0] * size), round(share[1] * size)
