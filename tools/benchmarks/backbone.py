"""CGEarthEye against mmpretrain's and timm's ViT: forward parity, and a training step on a frozen backbone.

Gates: the frozen step at least 1.7 times as fast as mmpretrain's ``frozen_stages``; the forward pass at parity (0.95).
"""

from __future__ import annotations

import argparse
import sys

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor, nn
from torch.nn import functional

import mmrs  # noqa: F401  (supplies mmcv's operators)
from mmrs.models import CGEarthEye
from mmrs.weights.convert import KeyFormat, from_mmrs

SIZES = ('small', 'base')
STEP_GATE, FORWARD_GATE = 1.7, 0.95


def of_mmpretrain(ours: CGEarthEye, **options: object) -> nn.Module:
    """mmpretrain's VisionTransformer with our weights."""
    from mmpretrain.models import VisionTransformer

    arch = {
        'embed_dims': ours.embed_dims,
        'num_layers': ours.num_layers,
        'num_heads': ours.arch.num_heads,
        'feedforward_channels': 4 * ours.embed_dims,
    }
    peer = VisionTransformer(
        arch=arch, img_size=ours.img_size, patch_size=14, layer_scale_init_value=1e-5, out_type='featmap', **options
    )
    peer.load_state_dict(from_mmrs(ours.state_dict(), KeyFormat.MMPRETRAIN))
    return peer


def of_timm(ours: CGEarthEye) -> nn.Module:
    """timm's VisionTransformer with our weights."""
    from timm.models import VisionTransformer

    peer = VisionTransformer(
        img_size=ours.img_size,
        patch_size=14,
        embed_dim=ours.embed_dims,
        depth=ours.num_layers,
        num_heads=ours.arch.num_heads,
        init_values=1e-5,
        num_classes=0,
    )
    peer.load_state_dict(ours.state_dict())
    return peer


class Step:
    """One optimiser step of a linear head on the pooled features of a backbone."""

    def __init__(self, backbone: nn.Module) -> None:
        self.backbone, self.head = backbone, nn.Linear(backbone.embed_dims, 10)
        backbone.train()
        self.optimiser = torch.optim.AdamW(self.head.parameters(), lr=1e-3)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Takes the step."""
        features = self.backbone(images)[0].mean((2, 3))
        functional.cross_entropy(self.head(features), labels).backward()
        self.optimiser.step()
        self.optimiser.zero_grad()


def frozen_step(pairs: int) -> list[dict[str, object]]:
    """ViT-S, 266 px, batch of 2: bf16 and no graph against ``frozen_stages`` of mmpretrain."""
    # LayerScale of 1, not 1e-5: otherwise the blocks would hardly show in the differences.
    options = {'img_size': 266, 'frozen_stages': 12, 'layer_scale_init': 1.0}
    plain, half = CGEarthEye('small', **options), CGEarthEye('small', **options, frozen_dtype='bfloat16')
    half.load_state_dict(plain.state_dict())
    peer = of_mmpretrain(plain, frozen_stages=12)
    images, labels = torch.randn(2, 3, 266, 266), torch.tensor([1, 2])
    exact = plain(images)[0]
    rows = []
    for name, model in (('fp32', plain), ('bf16', half)):
        step, other = Step(model), Step(peer)
        result = compare(lambda o=other: o(images, labels), lambda s=step: s(images, labels), pairs)
        difference = functional.cosine_similarity(exact.flatten(), model(images)[0].flatten(), dim=0)
        rows.append(
            result.row(
                what=f'frozen step, small, 266 px, batch 2, {name}',
                peer='mmpretrain frozen_stages',
                difference=f'cosine {difference:.5f}',
                gate=STEP_GATE if name == 'bf16' else '-',
            )
        )
    return rows


def forward(size: str, pairs: int) -> list[dict[str, object]]:
    """Forward pass of one 518 px image with equal weights."""
    ours = CGEarthEye(size, layer_scale_init=1.0).eval()
    images = torch.randn(1, 3, 518, 518)
    rows = []
    with torch.no_grad():
        expected = ours(images)[0]
        for name, peer in (('mmpretrain', of_mmpretrain(ours)), ('timm', of_timm(ours))):
            peer.eval()
            run = peer if name == 'mmpretrain' else peer.forward_features
            found = run(images)
            patches = expected.flatten(2).transpose(1, 2)
            other = found[0].flatten(2).transpose(1, 2) if name == 'mmpretrain' else found[:, 1:]
            result = compare(lambda r=run: r(images), lambda: ours(images), pairs)
            difference = f'max {(patches - other).abs().max():.1e}'
            what = f'forward, {size}, 518 px, batch 1'
            rows.append(result.row(what=what, peer=name, difference=difference, gate=FORWARD_GATE))
    return rows


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of each comparison')
    parser.add_argument('--sizes', nargs='+', choices=SIZES, default=list(SIZES), help='sizes of the forward pass')
    arguments = parser.parse_args()
    torch.manual_seed(0)
    rows = frozen_step(arguments.pairs)
    for size in arguments.sizes:
        rows += forward(size, arguments.pairs)
    print(machine_line())
    print(markdown_table(rows))
    return int(any(row['gate'] != '-' and float(str(row['ratio'])) < float(str(row['gate'])) for row in rows))


if __name__ == '__main__':
    sys.exit(main())
