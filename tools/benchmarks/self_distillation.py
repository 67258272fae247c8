"""A step of self-distillation against a plain one: two passes of the student, one loss a pair of crops.

Both do the same to the same network: teacher, student, losses, backward, AdamW, average. The peer runs global and local
crops one after the other, computes what stochastic depth throws away, takes a log-softmax for each pair of crops, and
averages the teacher parameter by parameter. 2 global and 8 local crops. Gate: at least as fast on a CPU.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor
from torch.nn import functional

from mmrs.datasets.transforms import draw_masks
from mmrs.models import CGEarthEyePretrain
from mmrs.models.pretrain.distillation_losses import koleo

SIZES: dict[str, Any] = {
    'tiny': dict(size=dict(embed_dims=96, num_layers=4, num_heads=3), pixels=(56, 28), prototypes=1024),
    'small': dict(size='small', pixels=(224, 98), prototypes=65536),
}
GATE = 1.0
TEMPERATURE = 0.1
MOMENTUM = 0.994


def build(name: str, drop_path: float) -> CGEarthEyePretrain:
    """A model in training mode, the same for every call."""
    torch.manual_seed(0)
    head = dict(prototypes=SIZES[name]['prototypes'])
    backbone = dict(
        type='mmrs.CGEarthEye',
        size=SIZES[name]['size'],
        img_size=SIZES[name]['pixels'][0],
        drop_path_rate=drop_path,
        drop_path_rule='uniform',
    )
    return CGEarthEyePretrain(backbone, head=head, patch_head=head).train()


def batch(name: str, images: int, device: str) -> dict[str, Any]:
    """Random crops with masks."""
    large, small = SIZES[name]['pixels']
    inputs = {'globals': torch.randn(2, images, 3, large, large), 'locals': torch.randn(8, images, 3, small, small)}
    masks = torch.from_numpy(draw_masks(2 * images, (large // 14, large // 14)))
    return dict(inputs={key: value.to(device) for key, value in inputs.items()}, masks=masks.to(device))


def our_loss(model: CGEarthEyePretrain, data: dict[str, Any]) -> Tensor:
    """Sum of the losses."""
    losses = model(**data, mode='loss')
    return sum((value for key, value in losses.items() if 'loss' in key), torch.zeros((), device=data['masks'].device))


def plain_loss(model: CGEarthEyePretrain, data: dict[str, Any]) -> Tensor:
    """The same sum, the plain way."""
    views, local, masks = data['inputs']['globals'], data['inputs']['locals'], data['masks']
    student, globals_ = model.student, len(views)
    targets, patch_targets, _ = model._teach(views.flatten(0, 1), masks)
    large = student['backbone'](views.flatten(0, 1), masks)[0]
    small = student['backbone'](local.flatten(0, 1))[0]
    logits = [*student['dino_head'](large[:, 0]).chunk(globals_), *student['dino_head'](small[:, 0]).chunk(len(local))]
    total, pairs = large.new_zeros(()), 0
    for teacher_view, target in enumerate(targets.chunk(globals_)):
        for crop, found in enumerate(logits):
            if crop != teacher_view:
                total = total - (target * functional.log_softmax(found / TEMPERATURE, dim=-1)).sum(-1).mean()
                pairs += 1
    patches = student['ibot_head'](large[:, 1:][masks])
    weights = (1 / masks.sum(1).clamp_min(1)).unsqueeze(1).expand_as(masks)[masks]
    patch = -(patch_targets * functional.log_softmax(patches / TEMPERATURE, dim=-1)).sum(-1) * weights
    spread = sum(koleo(view) for view in large[:, 0].chunk(globals_))
    return total / pairs + patch.sum() / len(masks) + 0.1 * spread


@torch.no_grad()
def plain_average(model: CGEarthEyePretrain) -> None:
    """The teacher's average, parameter by parameter."""
    for taught, learnt in zip(model.teacher.parameters(), model.student.parameters(), strict=True):
        taught.mul_(MOMENTUM).add_(learnt, alpha=1 - MOMENTUM)


def measure(name: str, images: int, drop_path: float, pairs: int, device: str) -> tuple[dict[str, object], bool]:
    """One row of the table, and whether the gate is met."""
    ours, peer = (build(name, drop_path).to(device) for _ in range(2))
    data = batch(name, images, device)
    difference = 0.0
    if not drop_path:
        difference = abs(our_loss(ours, data).item() - plain_loss(peer, data).item())
    optimisers = [torch.optim.AdamW(model.student.parameters(), 1e-4) for model in (ours, peer)]

    def ours_step() -> None:
        step(our_loss(ours, data), optimisers[0])
        ours.update_teacher(MOMENTUM)

    def peer_step() -> None:
        step(plain_loss(peer, data), optimisers[1])
        plain_average(peer)

    def step(loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if device != 'cpu':
            torch.cuda.synchronize()

    result = compare(peer_step, ours_step, pairs)
    row = result.row(
        what=f'{name}, {images} places, stochastic depth {drop_path}',
        peer='two passes, a loss a pair',
        difference='random' if drop_path else f'{difference:.1e}',
        gate=GATE,
    )
    return row, result.ratio >= GATE


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', choices=SIZES, default='tiny')
    parser.add_argument('--images', type=int, default=8, help='places of a batch')
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of each comparison')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    arguments = parser.parse_args()
    rates = (0.0, 0.3)
    found = [measure(arguments.size, arguments.images, rate, arguments.pairs, arguments.device) for rate in rates]
    print(machine_line())
    print(markdown_table([row for row, _ in found]))
    return int(not all(met for _, met in found))


if __name__ == '__main__':
    sys.exit(main())
