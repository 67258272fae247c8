"""Pictures of change predictions: both dates, and hits, misses and false alarms in colours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.dist import master_only
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer
from numpy.typing import NDArray

from mmrs.datasets.pixels import read_pixels
from mmrs.geo.stretch import to_picture
from mmrs.registry import VISUALIZERS

# Told apart by people with any colour vision (Okabe and Ito).
HIT, MISS, FALSE_ALARM, UNKNOWN = (0, 158, 115), (213, 94, 0), (0, 114, 178), (160, 160, 160)
GUTTER = 4  # white pixels between panels


def code_errors(
    found: NDArray[Any], true: NDArray[Any] | None, image: NDArray[np.uint8], ignore_index: int = 255
) -> NDArray[np.uint8]:
    """Colours a prediction of change over a grey image.

    Args:
        found: (H, W) predicted classes, 1 for change.
        true: (H, W) labels; None colours every predicted change as a hit.
        image: (H, W, 3) picture below.
        ignore_index: Label of pixels that do not count.

    Returns:
        (H, W, 3): hits green, misses orange, false alarms blue, ignored pixels grey, the rest the darkened image.
    """
    grey = image.mean(-1, keepdims=True).repeat(3, -1)
    coded = (0.6 * grey).astype(np.uint8)
    changed = found == 1
    if true is None:
        coded[changed] = HIT
        return coded
    coded[changed & (true == 1)] = HIT
    coded[~changed & (true == 1)] = MISS
    coded[changed & (true == 0)] = FALSE_ALARM
    coded[true == ignore_index] = UNKNOWN
    return coded


@VISUALIZERS.register_module()
class ChangeVisualizer(SegLocalVisualizer):
    """Draws the earlier image, the later one and the coded errors side by side.

    The images are read from ``img_path`` and ``img_path2`` of the sample
    (``PackSegInputs(meta_keys=[..., 'img_path2'])``), in any raster format; without the second, or where the sizes
    differ from the map's, the picture has fewer panels.
    """

    @master_only
    def add_datasample(
        self,
        name: str,
        image: NDArray[Any],
        data_sample: SegDataSample | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | os.PathLike[str] | None = None,
        step: int = 0,
        **_: Any,
    ) -> None:
        """Draws one pair.

        Args:
            name: Name of the picture.
            image: (H, W, 3) the earlier image, as the hook of mmsegmentation reads it; used where ``img_path`` is not
                in the sample.
            data_sample: Prediction and, where there is one, label.
            show: Open a window instead of storing it.
            wait_time: Seconds that the window stays.
            out_file: PNG to write instead of the visualiser's own backends.
            step: Number of the picture in the run.
        """
        panels = draw_pair(data_sample, image) if data_sample is not None else image
        if show:
            self.show(panels, win_name=name, wait_time=wait_time)
        elif out_file is not None:
            mmcv.imwrite(mmcv.rgb2bgr(panels), os.fspath(out_file))
        else:
            self.add_image(Path(name).stem, panels, step)


def draw_pair(sample: SegDataSample, image: NDArray[Any]) -> NDArray[np.uint8]:
    """Both dates and the coded errors in one row.

    Args:
        sample: With ``pred_sem_seg``, and ``gt_sem_seg`` where there is one.
        image: The earlier image, if the sample does not say where it is.

    Returns:
        (H, panels, 3).
    """
    found = sample.pred_sem_seg.data.squeeze(0).cpu().numpy()
    true = sample.gt_sem_seg.data.squeeze(0).cpu().numpy() if 'gt_sem_seg' in sample else None
    dates = [_picture(sample.get(key)) for key in ('img_path', 'img_path2') if sample.get(key)] or [image]
    dates = [date for date in dates if date.shape[:2] == found.shape]
    below = dates[-1] if dates else np.full((*found.shape, 3), 96, np.uint8)
    panels = [*dates, code_errors(found, true, below)]
    gutter = np.full((found.shape[0], GUTTER, 3), 255, np.uint8)
    return np.concatenate([part for panel in panels for part in (panel, gutter)][:-1], axis=1)


def _picture(path: str) -> NDArray[np.uint8]:
    pixels = read_pixels(path)
    return np.moveaxis(pixels[:3], 0, -1) if _is_rgb(pixels) else to_picture(pixels)


def _is_rgb(pixels: NDArray[Any]) -> bool:
    return pixels.dtype == np.uint8 and pixels.shape[0] in (3, 4)
