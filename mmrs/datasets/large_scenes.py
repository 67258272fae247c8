"""Segmentation from scenes too large to load: training draws windows of them, validation covers them with a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mmrs.datasets.segmentation import FolderSegDataset, SyntheticLandCover
from mmrs.datasets.windows import grid_windows
from mmrs.errors import ConfigError, RasterError
from mmrs.geo.scene_cache import SCENES
from mmrs.registry import DATASETS


@DATASETS.register_module()
class LargeSceneDataset(FolderSegDataset):
    """Folders of large images and masks, of which a sample is a window.

    For training with ``mmrs.RandomWindow`` a scene is listed as often as windows fit into it, so that scenes count by
    their area and an epoch shows about every pixel once. In ``test_mode`` every sample is one window of a grid that
    covers each scene once, for ``mmrs.LoadWindow``: a metric then counts every pixel once.

    Args:
        window: Rows and columns; in ``test_mode`` none of the grid is larger.
        **kwargs: See :class:`FolderSegDataset`.

    Raises:
        ConfigError: If the window is empty.
        DataError: If a folder or a mask is missing, or there is no image.
        RasterError: If an image does not open and may not be skipped.
    """

    def __init__(self, window: Sequence[int], **kwargs: Any) -> None:
        self.window = (int(window[0]), int(window[1]))
        if min(self.window) < 1:
            expected = 'positive numbers of rows and columns'
            raise ConfigError('LargeSceneDataset.window', str(self.window), expected, 'Correct the dataset.')
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the windows."""
        return [window for scene in super().load_data_list() for window in self._windows(scene)]

    def _windows(self, sample: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            scene = SCENES.get(sample['img_path'])
        except RasterError:
            if self.test_mode or not self.skip_bad:
                raise
            return [sample]  # counted where it is loaded
        if not self.test_mode:
            area = scene.height * scene.width / math.prod(self.window)
            return [dict(sample, seg_fields=[]) for _ in range(max(1, round(area)))]
        grid = grid_windows((scene.height, scene.width), self.window)
        places = [(window.col_off, window.row_off, window.width, window.height) for window in grid]
        return [dict(sample, seg_fields=[], window=tuple(map(int, place))) for place in places]


@DATASETS.register_module()
class SyntheticScenes(LargeSceneDataset):
    """Large tiles written by ``mmrs data synth --tile``; see :func:`mmrs.datasets.synthetic.write_dataset`."""

    METAINFO = SyntheticLandCover.METAINFO
