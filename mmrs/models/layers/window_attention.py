"""Window attention of Swin Transformer V2 (arXiv 2111.09883): cosine attention, log-spaced continuous position bias."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.layers.windows import Size, WindowPlan, shift_mask

CPB_WIDTH = 512
MAX_LOGIT_SCALE = math.log(100.0)
# Tables that some checkpoints carry. They follow from the window size, and would bind the weights to it.
DERIVED = ('relative_coords_table', 'relative_position_index', 'k_bias')


def relative_coords(window: Size, pretrained: Size, device: torch.device | None = None) -> Tensor:
    """Log-spaced offsets inside a window, the input of the position-bias MLP.

    Args:
        window: Rows and columns of the window.
        pretrained: Rows and columns of the window that the weights were trained with; 0 for the same window.
        device: Where to make it.

    Returns:
        (2 * rows - 1, 2 * columns - 1, 2) float32: ``sign(t) * log2(|t| + 1) / 3`` with ``t = 8 * offset / (P - 1)``.
    """
    axes = []
    for cells, trained in zip(window, pretrained, strict=True):
        offsets = torch.arange(1 - cells, cells, device=device, dtype=torch.float32)
        scaled = offsets / max((trained or cells) - 1, 1) * 8
        axes.append(torch.sign(scaled) * torch.log2(scaled.abs() + 1) / math.log2(8))
    return torch.stack(torch.meshgrid(*axes, indexing='ij'), dim=-1)


def relative_index(window: Size, device: torch.device | None = None) -> Tensor:
    """Row of the flattened :func:`relative_coords` for every pair of cells: (cells, cells) int64."""
    rows, columns = window
    y = torch.arange(rows, device=device).repeat_interleave(columns)
    x = torch.arange(columns, device=device).repeat(rows)
    down = y[:, None] - y[None, :] + rows - 1
    right = x[:, None] - x[None, :] + columns - 1
    return down * (2 * columns - 1) + right


class WindowAttentionV2(nn.Module):
    """``softmax(cos(q, k) * scale + 16 * sigmoid(CPB) + mask) @ v`` inside windows.

    Parameter names are those of timm. The window is an argument of ``forward``: nothing in the weights depends on it,
    and tables that a checkpoint holds for its own window are ignored. Without gradients the position bias is computed
    once and kept until the weights, the window or the mode change.

    Args:
        dim: Width of the tokens.
        num_heads: Number of attention heads.
        pretrained_window_size: Rows and columns of the window that the weights were trained with, or one number for
            both; 0: the same as the window they run with.
    """

    def __init__(self, dim: int, num_heads: int, pretrained_window_size: int | Size = 0) -> None:
        super().__init__()
        self.dim, self.num_heads = dim, num_heads
        pretrained = pretrained_window_size
        self.pretrained_window_size: Size = (pretrained, pretrained) if isinstance(pretrained, int) else pretrained
        self.logit_scale = nn.Parameter(torch.full((num_heads, 1, 1), math.log(10.0)))
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, CPB_WIDTH), nn.ReLU(inplace=True), nn.Linear(CPB_WIDTH, num_heads, bias=False)
        )
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.proj = nn.Linear(dim, dim)
        self._kept: tuple[object, Tensor] | None = None
        self.register_load_state_dict_pre_hook(_forget_derived)

    def train(self, mode: bool = True) -> WindowAttentionV2:
        """Sets the mode; the kept position bias is computed anew."""
        self._kept = None
        return super().train(mode)

    def forward(self, windows: Tensor, plan: WindowPlan) -> Tensor:
        """Maps windows (B * windows, cells, C) to the same shape."""
        number, cells, width = windows.shape
        # k has no bias; zeros in its place keep the three projections one product
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        qkv = functional.linear(windows, self.qkv.weight, bias)
        qkv = qkv.view(number, cells, 3, self.num_heads, width // self.num_heads).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        logits = functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).transpose(-2, -1)
        scale = self.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp().to(logits.dtype)
        # bias + logits * scale in one pass
        logits = torch.addcmul(self._position_bias(plan.window).to(logits.dtype), logits, scale)
        mask = shift_mask(plan, logits.device, logits.dtype)
        if mask is not None:
            logits = logits.view(-1, len(mask), self.num_heads, cells, cells) + mask[:, None]
            logits = logits.view(number, self.num_heads, cells, cells)
        attended = logits.softmax(dim=-1) @ value
        return self.proj(attended.transpose(1, 2).reshape(number, cells, width))

    def position_bias(self, window: Size) -> Tensor:
        """Computes the bias (heads, cells, cells) that is added to the logits."""
        weight = next(self.cpb_mlp.parameters())
        coords = relative_coords(window, self.pretrained_window_size, weight.device).to(weight.dtype)
        table = self.cpb_mlp(coords.flatten(0, 1))
        # the sigmoid before the gather: (2w - 1)^2 rows instead of w^4
        return (16 * torch.sigmoid(table))[relative_index(window, weight.device)].permute(2, 0, 1)

    def _position_bias(self, window: Size) -> Tensor:
        if self.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return self.position_bias(window)
        weights = list(self.cpb_mlp.parameters())
        if any(weight.is_inference() for weight in weights):  # they tell no version
            return self.position_bias(window)
        autocast = torch.is_autocast_enabled(weights[0].device.type)
        stamp = (window, autocast, *((id(weight), weight._version, weight.device, weight.dtype) for weight in weights))
        if self._kept is None or self._kept[0] != stamp:
            with torch.inference_mode(False), torch.no_grad():
                self._kept = stamp, self.position_bias(window).contiguous()
        return self._kept[1]

    def __getstate__(self) -> dict[str, Any]:
        """Leaves what can be computed anew out of copies and files."""
        return {**super().__getstate__(), '_kept': None}


def _forget_derived(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    assert isinstance(module, WindowAttentionV2)
    module._kept = None
    for name in DERIVED:
        state_dict.pop(prefix + name, None)
