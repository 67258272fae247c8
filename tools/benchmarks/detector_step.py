"""A training step of Oriented R-CNN and of RHINO: the operators of mmrs against the compiled ones of mmcv, on the CPU.

Needs an mmcv with its compiled extension (it is the peer)::

    python tools/benchmarks/detector_step.py                           # both detectors, ResNet-50, 512 pixels
    python tools/benchmarks/detector_step.py orcnn --pixels 784 --pairs 3

The same model, images and boxes in both; only what ``mmcv.ops`` calls is exchanged. One thread by default: the compiled
operators use one. Exit code 1 if a gate is missed: at least as fast (less 5 % for noise), at most 1.2 times the memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from _harness import alone, compare, machine_line, markdown_table, resident_peak
from mmengine.structures import InstanceData

CONFIGS = dict(
    orcnn='baselines/resnet-50_orcnn_12e_dior-r-784',
    rhino='baselines/resnet-50_rhino_60e_dior-r-784',
)
TIME_GATE, MEMORY_GATE = 0.95, 1.2


def trainer(name: str, pixels: int, boxes: int) -> Callable[[], dict[str, float]]:
    """A function that runs forward, backward and update of one batch of two images and returns the losses."""
    from mmdet.structures import DetDataSample
    from mmengine.registry import MODELS
    from mmrotate.structures import RotatedBoxes

    from mmrs.apis.config import load_config

    torch.manual_seed(0)
    config = load_config(CONFIGS[name], {'model.backbone.init_cfg': None})
    with MODELS.switch_scope_and_registry(config.default_scope) as registry:
        model = registry.build(config.model)
    model.init_weights()
    model.train()
    optimizer = torch.optim.SGD([value for value in model.parameters() if value.requires_grad], 0.0)
    low, high = torch.tensor([0.1, 0.1, 0.02, 0.02, -1.5]), torch.tensor([0.9, 0.9, 0.2, 0.1, 1.5])
    scale = torch.tensor([pixels, pixels, pixels, pixels, 1.0])
    samples = []
    for _ in range(2):
        shapes = dict(img_shape=(pixels,) * 2, ori_shape=(pixels,) * 2, scale_factor=(1.0, 1.0), batch_input_shape=None)
        instances = InstanceData(
            bboxes=RotatedBoxes((low + (high - low) * torch.rand(boxes, 5)) * scale),
            labels=torch.randint(20, (boxes,)),
        )
        sample = DetDataSample(metainfo=shapes, gt_instances=instances, ignored_instances=InstanceData())
        sample.ignored_instances.bboxes = RotatedBoxes(torch.zeros(0, 5))
        samples.append(sample)
    images = [torch.randint(0, 255, (3, pixels, pixels), dtype=torch.uint8) for _ in samples]

    def step() -> dict[str, float]:
        torch.manual_seed(1)  # the samplers draw the same regions in both
        batch = model.data_preprocessor(dict(inputs=images, data_samples=[one.clone() for one in samples]), True)
        loss, parts = model.parse_losses(model(**batch, mode='loss'))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return {key: float(value.detach()) for key, value in parts.items()}

    return step


def on_ours(function: Callable[[], Any]) -> Callable[[], Any]:
    """``function``, run while every wrapper of ``mmcv.ops`` calls the operators of mmrs."""
    import mmcv.ops  # noqa: F401

    from mmrs.ops.extension import OPERATORS, operator

    extension = SimpleNamespace(**{name: operator(name) for name in OPERATORS})
    wrappers: list[ModuleType] = [
        module for name, module in sys.modules.items() if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module')
    ]

    def run() -> Any:
        compiled = [wrapper.ext_module for wrapper in wrappers]
        for wrapper in wrappers:
            wrapper.ext_module = extension
        try:
            return function()
        finally:
            for wrapper, original in zip(wrappers, compiled, strict=True):
                wrapper.ext_module = original

    return run


def memory(name: str, pixels: int, boxes: int, ours: bool, threads: int) -> float:
    """Peak memory in MB of the second step; the first one loads what libraries and the optimiser keep."""
    torch.set_num_threads(threads)
    step = trainer(name, pixels, boxes)
    if ours:
        step = on_ours(step)
    step()
    return resident_peak(step)


def measure(name: str, pixels: int, boxes: int, pairs: int, threads: int) -> tuple[dict[str, object], bool]:
    """One row of the table, and whether both gates are met."""
    step = trainer(name, pixels, boxes)
    ours = on_ours(step)
    theirs, mine = step(), ours()
    difference = max(abs(theirs[key] - mine[key]) / max(abs(theirs[key]), 1e-3) for key in theirs)
    result = compare(step, ours, pairs)
    peaks = [alone(memory, name, pixels, boxes, which, threads) for which in (True, False)]
    row = result.row(what=f'{name}, {pixels} pixels, 2 x {boxes} boxes', difference=f'{difference:.1e}', gate=1.0)
    row |= {'memory MB': f'{peaks[0]:.0f} of {peaks[1]:.0f}', 'share': f'{peaks[0] / peaks[1]:.2f}'}
    return row, result.ratio >= TIME_GATE and peaks[0] <= MEMORY_GATE * peaks[1]


def main() -> int:
    """Prints the table; returns 1 when a gate is missed, 2 without a compiled mmcv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('detectors', nargs='*', metavar='{orcnn,rhino}', help='default: both')
    parser.add_argument('--pixels', type=int, default=512, help='side of the images')
    parser.add_argument('--boxes', type=int, default=30, help='annotated boxes of each image')
    parser.add_argument('--pairs', type=int, default=5, help='timed pairs of each comparison')
    parser.add_argument('--threads', type=int, default=1)
    arguments = parser.parse_args()
    if unknown := set(arguments.detectors) - set(CONFIGS):
        parser.error(f'unknown: {", ".join(unknown)}; there are {", ".join(CONFIGS)}')
    from mmrs.ops import compiled_available

    if not compiled_available():
        print('mmcv has no compiled extension here, and it is the peer: see docs/benchmarks.md', file=sys.stderr)
        return 2
    torch.set_num_threads(arguments.threads)
    rows = [
        measure(name, arguments.pixels, arguments.boxes, arguments.pairs, arguments.threads)
        for name in arguments.detectors or CONFIGS
    ]
    print(machine_line())
    print(markdown_table([row for row, _ in rows]))
    return 0 if all(held for _, held in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
