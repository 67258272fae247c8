"""A step of MaRS' pre-training, ours against the published computation: losses, backward pass and AdamW.

The peer is the release as the specification describes it: timm's encoders, integer masks, attention for each modality
by itself, all layers of it kept, the contrast with every image repeated for each of its patches, the norm of the
gradients computed and not used, AdamW in two groups. Ours has the same weights and options (``RELEASE``) and
AdamW in one pass (``fused=True``, as in our schedules). Neither asks for attention weights, neither drops anything::

    python tools/benchmarks/mars_step.py                              # swinv2-tiny at 256 pixels
    python tools/benchmarks/mars_step.py --size base --pixels 512 --images 4 --pairs 3
    python tools/benchmarks/mars_step.py --device cuda --size base --pixels 512 --images 16

Exit code 1 if a gate is missed or the losses differ.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from _harness import Comparison, compare, machine_line, markdown_table
from contrast import published
from timm.models.swin_transformer_v2 import SwinTransformerV2
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.backbones.swin_v2 import ARCHS
from mmrs.models.pretrain import RELEASE, MaRSPretrain

WINDOW, MASK_RATIO = 8, 0.6
EQUAL_GATE, BF16_GATE, TOLERANCE = 1.05, 1.8, 1e-4
BRANCHES = ('encoder_rgb', 'encoder_sar', 'teacher_encoder')


class Peer(nn.Module):
    """The published computation on the weights of one of our models."""

    def __init__(self, model: MaRSPretrain, size: str, pixels: int) -> None:
        super().__init__()
        arch = ARCHS[size]
        shape = dict(embed_dim=arch.embed_dims, depths=tuple(arch.depths), num_heads=tuple(arch.num_heads))
        for name in BRANCHES:
            branch = model.get_submodule(name)
            channels = branch.encoder.in_channels
            options = dict(in_chans=channels, num_classes=0, window_size=WINDOW, drop_path_rate=0.0, **shape)
            encoder = SwinTransformerV2(pixels, 4, **options)
            encoder.load_state_dict(branch.encoder.state_dict())
            self.add_module(name, nn.ModuleDict({'encoder': encoder}))
            setattr(self, f'{name}_token', nn.Parameter(branch.mask_token.detach().clone()))
        self.teacher_encoder.requires_grad_(False)
        self.attention = model.alternating_attn
        self.decoders = nn.ModuleList([model.decoder_rgb, model.decoder_sar])

    def encode(self, name: str, images: Tensor, masks: Tensor) -> Tensor:
        """Map of the last stage (B, C, rows, columns) of masked images."""
        encoder = self.get_submodule(name)['encoder']
        cells, token = masks.unsqueeze(-1), getattr(self, f'{name}_token').view(-1)
        tokens = encoder.patch_embed(images)
        tokens = tokens * ~cells + token * cells  # of integers: -1 and -2 times the tokens
        return encoder.norm(encoder.layers(tokens)).permute(0, 3, 1, 2)

    def attend(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of both modalities after the attention, whose layers are kept as in the release."""
        tokens, length, kept = torch.cat([first, second], dim=1), first.shape[1], []
        for index in range(self.attention.num_layers):
            layer = []
            for kind in ('modality', 'global'):
                norm, attention, _, mlp = self.attention.get_submodule(f'{kind}_blocks.{index}')
                normed = norm(tokens)
                parts = [normed[:, :length], normed[:, length:]] if kind == 'modality' else [normed]
                attended = torch.cat([attention(x, x, x, need_weights=False)[0] for x in parts], dim=1)
                tokens = tokens + mlp(attended)
                layer.append(tokens)
            kept.append(torch.cat(layer, dim=-1))
        return tokens[:, :length], tokens[:, length:]

    def forward(self, inputs: Tensor, masks: Tensor) -> Tensor:
        """Sum of the losses."""
        images = inputs.split([3, 1], dim=1)
        maps = [self.encode(name, part, masks) for name, part in zip(BRANCHES, images, strict=False)]
        shape = maps[0].shape
        tokens = self.attend(*(x.flatten(2).transpose(1, 2) for x in maps))
        with torch.no_grad():
            taught = self.encode('teacher_encoder', images[0], masks).flatten(2).transpose(1, 2)
        loss = published(*tokens) - functional.cosine_similarity(tokens[0], taught, dim=1).mean()
        hidden = masks.repeat_interleave(4, 1).repeat_interleave(4, 2).unsqueeze(1)
        for part, found, decoder in zip(images, tokens, self.decoders, strict=True):
            error = (part - decoder(found.transpose(1, 2).reshape(shape))).abs() * hidden
            loss = loss + error.sum() / (hidden.sum() + 1e-5) / part.shape[1]
        return loss


def build(size: str, pixels: int, device: str) -> tuple[MaRSPretrain, Peer]:
    """Both models with the same random weights."""
    torch.manual_seed(0)
    model = MaRSPretrain(size=vars(ARCHS[size]), window_size=WINDOW, drop_path_rate=0.0, **RELEASE)
    for name, value in model.named_parameters():
        if 'norm' in name and name.endswith('weight'):
            nn.init.normal_(value, 1.0, 0.1)  # untrained norms make every block an identity
    return model.to(device).train(), Peer(copy.deepcopy(model), size, pixels).to(device).train()


def optimiser(model: nn.Module, fused: bool) -> torch.optim.Optimizer:
    """AdamW of the recipe."""
    trained = [value for value in model.parameters() if value.requires_grad]
    groups = [
        dict(params=[value for value in trained if (value.ndim <= 1) == flat], weight_decay=0.0 if flat else 0.05)
        for flat in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=5e-5, betas=(0.9, 0.95), fused=fused)


def precision(device: str, bf16: bool) -> Any:
    """Context of a forward pass."""
    return torch.autocast(device, torch.bfloat16) if bf16 else nullcontext()


def stepper(loss: Callable[[], Tensor], solver: torch.optim.Optimizer, norm: bool, context: Any) -> Callable[[], None]:
    """A whole step."""
    trained = [value for group in solver.param_groups for value in group['params']]

    def step() -> None:
        with context:
            value = loss()
        solver.zero_grad()
        value.backward()
        if norm:
            torch.linalg.vector_norm(
                torch.stack([torch.linalg.vector_norm(p.grad) for p in trained if p.grad is not None])
            ).item()
        solver.step()

    return step


def measure(options: argparse.Namespace, ours16: bool, peer16: bool) -> tuple[Comparison, float]:
    """Times of a step, and the difference of the losses before the first."""
    device, pixels = options.device, options.pixels
    ours, peer = build(options.size, pixels, device)
    inputs = torch.randn(options.images, 4, pixels, pixels, device=device)
    masks = ours.draw_masks(inputs)

    def our_loss() -> Tensor:
        return sum(ours(inputs, masks, mode='loss').values(), torch.zeros((), device=device))

    def peer_loss() -> Tensor:
        return peer(inputs, masks.long())

    with torch.no_grad():
        error = abs(our_loss().item() - peer_loss().item())
    steps = [
        stepper(peer_loss, optimiser(peer, fused=False), True, precision(device, peer16)),
        stepper(our_loss, optimiser(ours, fused=True), False, precision(device, ours16)),
    ]
    return compare(*steps, options.pairs), error


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', choices=ARCHS, default='tiny', help='shape of the encoders')
    parser.add_argument('--pixels', type=int, default=256)
    parser.add_argument('--images', type=int, default=8)
    parser.add_argument('--pairs', type=int, default=5, help='timed pairs of each comparison')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows, held = [], True
    for ours16, peer16, gate in ((False, False, EQUAL_GATE), (True, True, EQUAL_GATE), (True, False, BF16_GATE)):
        result, error = measure(options, ours16, peer16)
        what = f'{"bf16" if ours16 else "float32"}, peer {"bf16" if peer16 else "float32"}'
        rows.append(result.row(what=what, difference=f'{error:.1e}', gate=gate))
        held &= result.ratio >= gate and error <= TOLERANCE
    print(f'swinv2-{options.size}, {options.images} images of {options.pixels} pixels; {machine_line()}')
    print(markdown_table(rows))
    return 0 if held else 1


if __name__ == '__main__':
    sys.exit(main())
