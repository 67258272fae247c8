"""What whole-scene detection needs to know about a model: bands, classes, and boxes from raw pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmrs.apis.merge_boxes import Boxes
from mmrs.apis.scene_model import SceneModel
from mmrs.errors import ConfigError
from mmrs.geo.vector import le90


class DetectorBoxes(nn.Module):
    """Boxes of an mmdetection or mmrotate detector in the pixels of its input.

    Args:
        detector: The model.
    """

    def __init__(self, detector: Any) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, pixels: Tensor) -> list[Any]:
        """Runs the detector.

        Args:
            pixels: (N, C, H, W) normalised pixels.

        Returns:
            For each image ``bboxes``, ``scores`` and ``labels``.
        """
        from mmdet.structures import DetDataSample

        size = tuple(pixels.shape[2:])
        pixels = self._padded(pixels)
        padded = tuple(pixels.shape[2:])
        meta = dict(img_shape=size, ori_shape=size, pad_shape=padded, batch_input_shape=padded, scale_factor=(1.0, 1.0))
        samples = [DetDataSample(metainfo=dict(meta)) for _ in pixels]
        return [sample.pred_instances for sample in self.detector.predict(pixels, samples, rescale=False)]

    def _padded(self, pixels: Tensor) -> Tensor:
        divisor = getattr(self.detector.data_preprocessor, 'pad_size_divisor', 1)
        missing = [-side % divisor for side in pixels.shape[2:]]
        return nn.functional.pad(pixels, (0, missing[1], 0, missing[0])) if any(missing) else pixels


@dataclass
class DetectionModel(SceneModel):
    """A detector as scene mapping sees it; the network returns instances, see :class:`DetectorBoxes`.

    Args:
        score: Boxes below this confidence are left out.
        merge_iou: IoU from which boxes of one class from neighbouring tiles are one object.
        oriented: Whether boxes have an angle.
    """

    score: float = 0.3
    merge_iou: float = 0.5
    oriented: bool = False

    @torch.inference_mode()
    def detect(self, batch: Tensor) -> list[Boxes]:
        """Boxes of raw pixels.

        Args:
            batch: (N, C, H, W) pixels in raster units, bands in the scene's order; any real dtype, any device.

        Returns:
            Boxes of each image above the least confidence; oriented ones in ``le90``.
        """
        return [self._boxes(found) for found in self.run(batch)]

    def _boxes(self, found: Any) -> Boxes:
        found = found[found.scores >= self.score]
        boxes = found.bboxes if isinstance(found.bboxes, Tensor) else found.bboxes.tensor
        if boxes.shape[1] == 8:
            from mmrotate.structures.bbox import qbox2rbox

            boxes = qbox2rbox(boxes.float())
        if boxes.shape[1] != (5 if self.oriented else 4):
            expected = 'x1, y1, x2, y2' if not self.oriented else 'cx, cy, w, h, angle'
            fix = 'Check the head: mmrotate gives oriented boxes, mmdetection horizontal ones.'
            raise ConfigError('boxes of the network', f'{boxes.shape[1]} numbers a box', expected, fix)
        arrays = (part.cpu().numpy() for part in (boxes.float(), found.scores.float(), found.labels.long()))
        one, scores, labels = arrays
        return Boxes(le90(np.array(one)), np.array(scores), np.array(labels))
