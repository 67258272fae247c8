"""Sampling operators and deformable convolution against the compiled operators of mmcv on CPU.

Needs an mmcv with its compiled extension (it is the peer); mmrs itself needs torch and torchvision only::

    python tools/benchmarks/sampling_ops.py                      # everything
    python tools/benchmarks/sampling_ops.py roi_align_rotated    # one operator

Both sides run through mmcv's autograd functions. Exit code 1 if a gate is missed or a result differs by more than 1e-4
of the largest value.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor

from mmrs.ops.sampling_table import SAMPLING_OPERATORS

Case = tuple[str, Callable[..., Tensor], Sequence[Tensor]]
GATES = {'roi_align_rotated': (2.0, 3.0)}
TOLERANCE = 1e-4


def ours() -> SimpleNamespace:
    """The operators of mmrs under their names in the extension."""
    functions = {}
    for name, place in SAMPLING_OPERATORS.items():
        module, function = place.split(':')
        functions[name] = getattr(importlib.import_module(module), function)
    return SimpleNamespace(**functions)


def with_extension(module: str, extension: object, function: Callable[[], Any]) -> Callable[[], Any]:
    """``function``, run while the wrappers of ``mmcv.ops.<module>`` call ``extension``."""
    wrapper = importlib.import_module(f'mmcv.ops.{module}')

    def run() -> Any:
        compiled, wrapper.ext_module = wrapper.ext_module, extension
        try:
            return function()
        finally:
            wrapper.ext_module = compiled

    return run


def rois(count: int, side: int, rotated: bool) -> Tensor:
    """Boxes of 16 to 216 image pixels on a map of stride 4."""
    size, centre = torch.rand(count, 2) * 200 + 16, torch.rand(count, 2) * side * 4
    image = torch.zeros(count, 1)
    if rotated:
        return torch.cat((image, centre, size, torch.rand(count, 1) * 3.14), dim=1)
    return torch.cat((image, centre - size / 2, centre + size / 2), dim=1)


def roi_cases(rotated: bool) -> list[Case]:
    """Heads of two-stage detectors: 7 x 7 over 256 channels, and a small one."""
    from mmcv import ops

    cases: list[Case] = []
    for channels, side, count, bins, ratio in (
        (256, 200, 512, 7, 2),
        (256, 200, 1000, 7, 2),
        (256, 200, 512, 7, 0),
        (64, 100, 100, 14, 2),
    ):
        boxes = rois(count, side, rotated)

        def pool(feat: Tensor, boxes: Tensor = boxes, bins: int = bins, ratio: int = ratio) -> Tensor:
            if rotated:
                return ops.roi_align_rotated(feat, boxes, bins, 0.25, ratio, True, True)
            return ops.roi_align(feat, boxes, bins, 0.25, ratio, 'avg', True)

        label = f'C{channels} {side}x{side} n{count} {bins}x{bins} sr{ratio}'
        cases.append((label, pool, [torch.randn(1, channels, side, side)]))
    return cases


def deform_cases(version: int) -> list[Case]:
    """One 3 x 3 layer of a backbone and of a head."""
    from mmcv import ops

    cases: list[Case] = []
    for channels, side in ((128, 64), (256, 32)):
        weight = torch.randn(channels, channels, 3, 3) / channels
        tensors = [torch.randn(2, channels, side, side), torch.randn(2, 18, side, side)]
        if version == 1:
            cases.append((f'C{channels} {side}x{side}', lambda *t: ops.deform_conv2d(*t, 1, 1), [*tensors, weight]))
        else:
            tensors += [torch.rand(2, 9, side, side), weight, torch.randn(channels)]
            cases.append((f'C{channels} {side}x{side}', lambda *t: ops.modulated_deform_conv2d(*t, 1, 1), tensors))
    return cases


def rotated_feature_cases() -> list[Case]:
    """Feature refinement of R3Det on its finest level."""
    from mmcv import ops

    side = 100
    boxes = torch.rand(1, side, side, 5) * side * 8
    boxes[..., 2:4] /= 10
    return [
        (
            f'C256 {side}x{side} points {points}',
            lambda f, p=points: ops.rotated_feature_align(f, boxes, 1 / 8, p),
            [feat],
        )
        for points, feat in ((points, torch.randn(1, 256, side, side)) for points in (1, 5))
    ]


CASES: dict[str, tuple[str, Callable[[], list[Case]]]] = {
    'roi_align_rotated': ('roi_align_rotated', lambda: roi_cases(rotated=True)),
    'roi_align': ('roi_align', lambda: roi_cases(rotated=False)),
    'deform_conv': ('deform_conv', lambda: deform_cases(1)),
    'modulated_deform_conv': ('modulated_deform_conv', lambda: deform_cases(2)),
    'rotated_feature_align': ('rotated_feature_align', rotated_feature_cases),
}


def measure(name: str, pairs: int) -> tuple[list[dict[str, object]], list[str]]:
    """Times one operator.

    Args:
        name: Key of :data:`CASES`.
        pairs: Timed pairs per case.

    Returns:
        Rows of the table and descriptions of what failed.
    """
    module, make = CASES[name]
    rows, failures = [], []
    for label, function, tensors in make():
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        grad = torch.randn_like(function(*tensors))

        def forward(function: Any = function, tensors: Any = tensors) -> Tensor:
            return function(*tensors)

        def step(function: Any = function, leaves: Any = leaves, grad: Tensor = grad) -> tuple[Tensor, ...]:
            out = function(*leaves)
            return out, *torch.autograd.grad(out, leaves, grad)

        own = ours()
        error = max(
            ((a - b).abs().max() / a.abs().max()).item()
            for a, b in zip(step(), with_extension(module, own, step)(), strict=True)
        )
        if error > TOLERANCE:
            failures.append(f'{name} {label}: differs by {error:.1e}')
        for which, run, gate in zip(
            ('forward', 'forward + backward'), (forward, step), GATES.get(name, (0, 0)), strict=True
        ):
            timed = compare(run, with_extension(module, own, run), pairs)
            rows.append({**timed.row(operator=name, case=label, what=which), 'error': f'{error:.1e}'})
            if timed.ratio < gate and '7x7' in label:
                failures.append(f'{name} {label} {which}: {timed.ratio:.2f} < {gate}')
    return rows, failures


def main() -> int:
    """Runs the chosen operators and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('operators', nargs='*', choices=[*CASES, []], help='default: all')
    parser.add_argument('--pairs', type=int, default=7)
    parser.add_argument('--threads', type=int, help='default: as torch chooses')
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    rows, failures = [], []
    for name in args.operators or CASES:
        more, failed = measure(name, args.pairs)
        rows, failures = rows + more, failures + failed
    print(machine_line())
    print(markdown_table(rows))
    print(*failures, sep='\n')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
