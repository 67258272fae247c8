"""An epoch of a head on a frozen CGEarthEye: features computed anew against features read from disk.

Gate: the second epoch with a cache at least 20 times as fast as one that computes, in float32. Features must be equal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor, nn
from torch.nn import functional

import mmrs  # noqa: F401  (supplies mmcv's operators)
from mmrs.models import CachedFeatures

GATE = 20.0


class Epoch:
    """One pass of a linear head over a data set, in a new order every time."""

    def __init__(self, backbone: CachedFeatures, images: Tensor, batch_size: int) -> None:
        self.backbone, self.images, self.batch_size = backbone.train(), images, batch_size
        self.head = nn.Conv2d(backbone.embed_dims, 2, 1)
        self.optimiser = torch.optim.AdamW(self.head.parameters(), lr=1e-3)

    def __call__(self) -> None:
        """Takes as many optimiser steps as there are batches."""
        for indices in torch.randperm(len(self.images)).split(self.batch_size):
            logits = self.head(self.backbone(self.images[indices])[-1])
            labels = logits.new_zeros(logits[:, 0].shape, dtype=torch.long)
            functional.cross_entropy(logits, labels).backward()
            self.optimiser.step()
            self.optimiser.zero_grad()


def measure(size: str, pixels: int, count: int, batch_size: int, dtype: str | None, pairs: int) -> dict[str, object]:
    """Compares the two kinds of epoch in this process."""
    options = dict(type='mmrs.CGEarthEye', size=size, img_size=pixels, frozen_dtype=dtype)
    depth = {'small': 12, 'base': 12, 'large': 24, 'giant': 40}[size]
    options.update(frozen_stages=depth, out_indices=[depth // 4 * step - 1 for step in (1, 2, 3)] + [depth - 1])
    images = torch.randn(count, 3, pixels, pixels)
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedFeatures(dict(options), cache_dir=folder)
        computed = CachedFeatures(dict(options), cache_dir=folder, cache_features=False)
        computed.module.load_state_dict(cached.module.state_dict())
        warm = Epoch(cached, images, batch_size)
        warm()  # the first epoch fills the cache
        result = compare(Epoch(computed, images, batch_size), warm, pairs)
        assert cached.store.misses == count and cached.store.full is None
        with torch.no_grad():
            expected, found = computed(images[:2]), cached(images[:2])
        difference = max(float((a - b).abs().max()) for a, b in zip(expected, found, strict=True))
    what = f'second epoch, {size}, {pixels} px, {count} images, batch {batch_size}, {dtype or "float32"}'
    return result.row(
        what=what, peer='frozen, computed', difference=f'max {difference:.1e}', gate='-' if dtype else GATE
    )


def main() -> int:
    """Prints the table; returns 1 when the gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of epochs')
    parser.add_argument('--size', choices=('small', 'base', 'large', 'giant'), default='small')
    parser.add_argument('--pixels', type=int, default=518)
    parser.add_argument('--images', type=int, default=4, help='size of the data set')
    parser.add_argument('--batch-size', type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    sizes = (arguments.size, arguments.pixels, arguments.images, arguments.batch_size)
    rows = [measure(*sizes, dtype, arguments.pairs) for dtype in (None, 'bfloat16')]
    print(machine_line())
    print(markdown_table(rows))
    return int(float(str(rows[0]['ratio'])) < GATE)


if __name__ == '__main__':
    sys.exit(main())
