"""Global attention of SkySense++ against the form that keeps the attention weights: time and memory.

The peer is ``nn.MultiheadAttention(need_weights=True)`` with the same weights inside the same projections, which is
what the original runs. Gates: at least 3 times as fast, at most 5 % of the memory.
"""

from __future__ import annotations

import argparse
import sys

import torch
from _harness import alone, compare, machine_line, markdown_table, resident_peak
from torch import Tensor, nn

from mmrs.models.layers import GlobalAttention

DIM, INNER, HEADS = 352, 256, 16
TIME_GATE, MEMORY_GATE = 3.0, 0.05


class ExplicitAttention(nn.Module):
    """The same layer, with all weights of the attention kept.

    Args:
        ours: Layer whose weights it shares.
    """

    def __init__(self, ours: GlobalAttention) -> None:
        super().__init__()
        self.proj_in, self.proj_out = ours.proj_in, ours.proj_out
        self.attn = nn.MultiheadAttention(ours.proj.in_features, ours.num_heads, batch_first=True)
        names = {'in_proj_weight': ours.qkv.weight, 'in_proj_bias': ours.qkv.bias}
        self.attn.load_state_dict({**names, 'out_proj.weight': ours.proj.weight, 'out_proj.bias': ours.proj.bias})

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (B, N, dim) to (B, N, dim)."""
        z = self.proj_in(x)
        return self.proj_out(z + self.attn(z, z, z, need_weights=True)[0])


def layers() -> tuple[GlobalAttention, ExplicitAttention]:
    """Both layers with equal weights, as in the first stage of SwinV2-Huge."""
    torch.manual_seed(0)
    ours = GlobalAttention(DIM, INNER, HEADS)
    return ours, ExplicitAttention(ours)


def run(layer: nn.Module, x: Tensor, train: bool) -> Tensor:
    """One pass, backward too in training."""
    if not train:
        with torch.no_grad():
            return layer(x)
    y = layer(x)
    y.square().mean().backward()
    layer.zero_grad()
    return y.detach()


def peak(which: int, tokens: int, train: bool, device: str) -> float:
    """Memory in MB that one pass takes beyond what lay there before; on the CPU, call it in a process of its own."""
    layer = layers()[which].to(device)
    run(layer, torch.randn(1, 64, DIM, device=device), train)  # libraries and thread pools are not counted
    x = torch.randn(1, tokens, DIM, device=device)
    if device != 'cpu':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(layer, x, train)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    return resident_peak(lambda: run(layer, x, train))


def measure(tokens: int, train: bool, pairs: int, device: str) -> tuple[dict[str, object], bool]:
    """One row of the table, and whether both gates are met."""
    ours, peer = (layer.to(device) for layer in layers())
    x = torch.randn(1, tokens, DIM, device=device)
    difference = (run(ours, x, False) - run(peer, x, False)).abs().max().item()
    result = compare(lambda: run(peer, x, train), lambda: run(ours, x, train), pairs)
    memory = [alone(peak, which, tokens, train, device) for which in (0, 1)]
    share = memory[0] / memory[1]
    row = result.row(
        what=f'global attention, {tokens} tokens, {"train" if train else "eval"}',
        peer='attention weights kept',
        difference=f'max {difference:.1e}',
        gate=TIME_GATE,
    )
    row |= {'memory MB': f'{memory[0]:.0f} of {memory[1]:.0f}', 'share': f'{share:.1%}', 'gate share': MEMORY_GATE}
    return row, float(str(row['ratio'])) >= TIME_GATE and share <= MEMORY_GATE


def main() -> int:
    """Prints the table; returns 1 when a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of each comparison')
    parser.add_argument('--tokens', type=int, nargs='+', default=[4096])
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    arguments = parser.parse_args()
    rows, met = [], []
    for tokens in arguments.tokens:
        for train in (False, True):
            row, good = measure(tokens, train, arguments.pairs, arguments.device)
            rows.append(row)
            met.append(good)
    print(machine_line())
    print(markdown_table(rows))
    return int(not all(met))


if __name__ == '__main__':
    sys.exit(main())
