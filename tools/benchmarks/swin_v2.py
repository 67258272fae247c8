"""SwinV2 against timm's with equal weights at 256 px: evaluation, training step, bf16 weights, compilation.

Gates: float32 at parity (0.95) and equal within 5e-6; weights in bf16 at least 2.2 times as fast as timm in float32 and
as fast as timm in bf16; ``torch.compile`` without a graph break.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor, nn

import mmrs  # noqa: F401  (supplies mmcv's operators)
from mmrs.models import SwinV2

BATCH = {'tiny': 4, 'base': 2}
WINDOW, PIXELS = 8, 256
PARITY, HALF_OVER_FLOAT, HALF_OVER_HALF, EXACT = 0.95, 2.2, 1.0, 5e-6


def pair(arch: str) -> tuple[nn.Module, nn.Module]:
    """Ours and timm's, with equal weights that are neither zero nor one."""
    import timm

    torch.manual_seed(0)
    ours = SwinV2(arch, window_size=WINDOW, final_norm='last', drop_path_rate=0.0)
    for parameter in ours.parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter, 0.5, 0.2)
    name = f'swinv2_{arch}_window{WINDOW}_256'
    theirs = timm.create_model(name, num_classes=0, img_size=PIXELS, drop_path_rate=0.0)
    missing = theirs.load_state_dict(ours.state_dict(), strict=False)
    assert not missing.unexpected_keys, missing.unexpected_keys
    assert not any('weight' in key and 'k_bias' not in key for key in missing.missing_keys), missing.missing_keys
    return ours, theirs


def features(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The last map, as (B, H, W, C)."""
    if isinstance(model, SwinV2):
        return lambda images: model(images)[-1].permute(0, 2, 3, 1)
    return model.forward_features


def evaluate(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    """A forward pass without gradients."""
    run = features(model.eval())

    def step() -> Tensor:
        with torch.no_grad():
            return run(images)

    return step


def train(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    """Forward and backward pass."""
    run = features(model)

    def step() -> Tensor:
        model.train()
        found = run(images)
        found.square().mean().backward()
        model.zero_grad()
        return found.detach()

    return step


def measure(arch: str, pairs: int) -> list[dict[str, object]]:
    """All rows of one size."""
    ours, theirs = pair(arch)
    half_ours, half_theirs = copy.deepcopy(ours).bfloat16(), copy.deepcopy(theirs).bfloat16()
    images = torch.randn(BATCH[arch], 3, PIXELS, PIXELS)
    half = images.bfloat16()
    cases = (
        ('eval, float32', 'timm float32', evaluate(theirs, images), evaluate(ours, images), PARITY),
        ('train, float32', 'timm float32', train(theirs, images), train(ours, images), PARITY),
        ('eval, bf16', 'timm float32', evaluate(theirs, images), evaluate(half_ours, half), HALF_OVER_FLOAT),
        ('eval, bf16', 'timm bf16', evaluate(half_theirs, half), evaluate(half_ours, half), HALF_OVER_HALF),
    )
    rows = []
    for what, peer, other, own, gate in cases:
        result = compare(other, own, pairs)
        difference = float((other().float() - own().float()).abs().max())
        exact = difference <= EXACT if 'bf16' not in what else True
        row = result.row(what=f'{arch}, {what}', peer=peer, difference=f'max {difference:.1e}', gate=gate)
        rows.append(row | {'held': 'yes' if exact and result.ratio >= gate else 'no'})
    return rows


def graph_breaks(arch: str, backend: str, pairs: int) -> dict[str, object]:
    """Compiles ours as one graph, which fails at a break, and times it against eager timm."""
    ours, theirs = pair(arch)
    images = torch.randn(BATCH[arch], 3, PIXELS, PIXELS)
    compiled = torch.compile(ours.eval(), fullgraph=True, backend=backend)

    def own() -> Tensor:
        with torch.no_grad():
            return compiled(images)[-1].permute(0, 2, 3, 1)

    other = evaluate(theirs, images)
    result = compare(other, own, pairs)
    difference = float((other() - own()).abs().max())
    what, shown = f'{arch}, eval, compiled ({backend})', f'max {difference:.1e}'
    return result.row(what=what, peer='timm float32', difference=shown, gate='no break') | {'held': 'yes'}


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of each comparison')
    parser.add_argument('--archs', nargs='+', choices=sorted(BATCH), default=list(BATCH))
    parser.add_argument('--backend', default='inductor', help="of torch.compile; 'aot_eager' needs no compiler")
    arguments = parser.parse_args()
    rows = [row for arch in arguments.archs for row in measure(arch, arguments.pairs)]
    rows.append(graph_breaks(arguments.archs[0], arguments.backend, arguments.pairs))
    print(machine_line())
    print(markdown_table(rows))
    return int(any(row['held'] == 'no' for row in rows))


if __name__ == '__main__':
    sys.exit(main())
