"""MaRS' contrast across granularities against the computation as published: time and memory, forward and backward.

The published form computes the patch logits once for each direction and repeats the mean of every image for each of its
patches, which makes three (BN, BN) matrices of patches against images; ours keeps the fewest logits::

    python tools/benchmarks/contrast.py                  # 8 and 16 images of 512 pixels
    python tools/benchmarks/contrast.py --images 8 --pairs 3

Exit code 1 if a gate is missed or values or gradients differ by more than 1e-5.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import torch
from _harness import alone, compare, machine_line, markdown_table, resident_peak
from torch import Tensor
from torch.nn import functional

from mmrs.models.pretrain import CrossContrast

TIME_GATE, MEMORY_GATE, TOLERANCE = 1.8, 0.75, 1e-5
RELEASE = CrossContrast(drop_first_token=True, normalize_global=False, hier_label='release')


def published(first: Tensor, second: Tensor) -> Tensor:
    """The release's computation, term by term (specification, section 2.5)."""
    patches = [functional.normalize(x, dim=-1)[:, 1:] for x in (first, second)]
    images = [x.mean(dim=1) for x in patches]
    batch, tokens, width = patches[0].shape
    flat = [x.reshape(-1, width) for x in patches]
    places, numbers = torch.arange(batch * tokens), torch.arange(batch)
    rows, columns = flat[0] @ flat[1].T / 0.1, flat[1] @ flat[0].T / 0.1
    patch = (functional.cross_entropy(rows, places) + functional.cross_entropy(columns, places)) / 2
    across = images[0] @ images[1].T / 0.05
    image = (functional.cross_entropy(across, numbers) + functional.cross_entropy(across.T, numbers)) / 2
    target = numbers.repeat_interleave(tokens)
    repeated = [x.repeat_interleave(tokens, dim=0) for x in images]
    pairs = ((flat[0], repeated[1]), (flat[1], repeated[0]))
    hierarchical = [functional.cross_entropy(one @ other.T / 0.07, target) for one, other in pairs]
    return 0.5 * patch + 0.3 * image + 0.2 * (hierarchical[0] + hierarchical[1]) / 2


def inputs(images: int, tokens: int, width: int) -> list[Tensor]:
    """Tokens of two related modalities."""
    torch.manual_seed(0)
    first = torch.randn(images, tokens, width)
    return [first.requires_grad_(), (first.detach() + torch.randn_like(first)).requires_grad_()]


def run(loss: Callable[[Tensor, Tensor], Tensor], pair: list[Tensor]) -> list[Tensor]:
    """Value and gradients."""
    for tensor in pair:
        tensor.grad = None
    value = loss(*pair)
    value.backward()
    return [value.detach(), *(tensor.grad for tensor in pair if tensor.grad is not None)]


def peak(ours: bool, images: int, tokens: int, width: int, threads: int) -> float:
    """Memory in MB of the second pass: the first one loads what libraries keep; in a process of its own."""
    torch.set_num_threads(threads)
    loss = RELEASE if ours else published
    pair = inputs(images, tokens, width)
    run(loss, pair)
    return resident_peak(lambda: run(loss, pair))


def measure(images: int, tokens: int, width: int, pairs: int, threads: int) -> tuple[dict[str, object], bool]:
    """One row of the table, and whether all gates are met."""
    pair = inputs(images, tokens, width)
    # Gradients are compared relative to the largest of them: each is a sum over thousands of logits.
    found, expected = run(RELEASE, pair), run(published, pair)
    scales = [value.abs().max() for value in expected]
    error = max(float((a - b).abs().max() / s) for a, b, s in zip(found, expected, scales, strict=True))
    result = compare(lambda: run(published, pair), lambda: run(RELEASE, pair), pairs)
    memory = [alone(peak, which, images, tokens, width, threads) for which in (True, False)]
    share = memory[0] / memory[1]
    row = result.row(what=f'{images} images, {tokens} tokens of {width}', difference=f'{error:.1e}', gate=TIME_GATE)
    row |= {'memory MB': f'{memory[0]:.0f} of {memory[1]:.0f}', 'share': f'{share:.2f}', 'gate share': MEMORY_GATE}
    return row, result.ratio >= TIME_GATE and share <= MEMORY_GATE and error <= TOLERANCE


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, nargs='+', default=[8, 16])
    parser.add_argument('--tokens', type=int, default=256, help='tokens of an image')
    parser.add_argument('--width', type=int, default=1024, help='channels of a token')
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of each comparison')
    parser.add_argument('--threads', type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [measure(count, options.tokens, options.width, options.pairs, options.threads) for count in options.images]
    print(machine_line())
    print(markdown_table([row for row, _ in rows]))
    return 0 if all(held for _, held in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
