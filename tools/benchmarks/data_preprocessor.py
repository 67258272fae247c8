"""Data preprocessors beside mmsegmentation and mmdetection: uint8 images to one normalised batch, equal numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
from _harness import compare, machine_line, markdown_table
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

GATE = 1.5
NORM = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)


def models(task: str, size: int) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The host's preprocessor and ours, of equal settings."""
    if task == 'segmentation':
        from mmseg.models import SegDataPreProcessor as SegHost

        from mmrs.models.data_preprocessor import SegDataPreProcessor

        return SegHost(**NORM, size=(size, size)), SegDataPreProcessor(**NORM, size=(size, size))
    from mmdet.models import DetDataPreprocessor as DetHost

    from mmrs.models.detection.data_preprocessor import DetDataPreprocessor

    options: dict[str, Any] = dict(**NORM, pad_size_divisor=32, boxtype2tensor=False)
    return DetHost(**options), DetDataPreprocessor(**options)


def batches(size: int, number: int, padded: bool) -> Callable[[], dict[str, Any]]:
    """Makes the same batch again and again, as a dataloader would hand it over."""
    side = size - 24 if padded else size
    images = [torch.randint(0, 256, (3, side, side), dtype=torch.uint8) for _ in range(number)]
    masks = [torch.randint(0, 7, (1, side, side)) for _ in range(number)]
    shape = dict(metainfo=dict(img_shape=(side, side)))

    def batch() -> dict[str, Any]:
        samples = [SegDataSample(gt_sem_seg=PixelData(data=mask), **shape) for mask in masks]
        return dict(inputs=list(images), data_samples=samples)

    return batch


def main() -> int:
    """Returns 1 if a ratio is below the gate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=int, nargs='+', default=[256, 512], help='sides of the images in pixels')
    parser.add_argument('--batch', type=int, default=4, help='images a batch (docs: 8)')
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of a case')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu', help='where the model is: uint8 moves there and becomes float there')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows, failed = [], False
    for task in ('segmentation', 'detection'):
        for size in args.sizes:
            for padded in (False, True):
                host, ours = (model.to(args.device) for model in models(task, size))
                batch = batches(size, args.batch, padded)
                same = torch.equal(host(batch(), True)['inputs'], ours(batch(), True)['inputs'])
                found = compare(lambda h=host, b=batch: h(b(), True), lambda o=ours, b=batch: o(b(), True), args.pairs)
                failed |= not same or found.ratio < GATE
                rows.append(found.row(task=task, size=size, padded='yes' if padded else 'no', equal=same))
    print(machine_line(), f'batch {args.batch}, gate {GATE}', sep='\n')
    print(markdown_table(rows))
    return int(failed)


if __name__ == '__main__':
    raise SystemExit(main())
