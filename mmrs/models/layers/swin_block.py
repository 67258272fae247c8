"""The Swin Transformer V2 block and patch merging that MaRS and SkySense++ share."""

from __future__ import annotations

from typing import Literal

from timm.layers import DropPath, Mlp
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.layers.window_attention import WindowAttentionV2
from mmrs.models.layers.windows import Size, WindowRule, from_windows, plan_windows, to_windows

MergeOrder = Literal['timm', 'unfold']


class SwinBlockV2(nn.Module):
    """``x += drop(norm1(attn(x)))``, then ``x += drop(norm2(mlp(x)))``: norms sit on the branches, after the layers.

    Parameter names are those of timm. As in every SwinV2 the branch norms start at zero, so a new block is the
    identity.

    Args:
        dim: Width of the tokens.
        num_heads: Number of attention heads.
        window_size: Rows and columns of a window, or one number for both.
        shifted: Whether the windows are shifted by half a window.
        mlp_ratio: Hidden width of the feed-forward layer over ``dim``.
        drop_path: Probability to drop a branch for one sample in training.
        drop_path_before_norm: Drops the branch before its norm (mmpretrain, SkySense++): a dropped branch then still
            adds the bias of the norm.
        extra_norm: Ends the block with a third norm, on the trunk (SwinV2-Huge and larger).
        pretrained_window_size: See :class:`mmrs.models.layers.WindowAttentionV2`.
        window_rule: See :func:`mmrs.models.layers.plan_windows`.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: int | Size,
        shifted: bool = False,
        mlp_ratio: float = 4.0,
        drop_path: float = 0.0,
        drop_path_before_norm: bool = False,
        extra_norm: bool = False,
        pretrained_window_size: int | Size = 0,
        window_rule: WindowRule = 'clip',
    ) -> None:
        super().__init__()
        self.window_size: Size = (window_size, window_size) if isinstance(window_size, int) else window_size
        self.shifted, self.window_rule, self.drop_path_before_norm = shifted, window_rule, drop_path_before_norm
        self.attn = WindowAttentionV2(dim, num_heads, pretrained_window_size)
        self.norm1 = nn.LayerNorm(dim)
        self.drop_path1 = DropPath(drop_path) if drop_path else nn.Identity()
        self.mlp = Mlp(dim, int(dim * mlp_ratio))
        self.norm2 = nn.LayerNorm(dim)
        self.drop_path2 = DropPath(drop_path) if drop_path else nn.Identity()
        self.norm3 = nn.LayerNorm(dim) if extra_norm else nn.Identity()
        for norm in (self.norm1, self.norm2):
            nn.init.zeros_(norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (B, H, W, C) to (B, H, W, C)."""
        plan = plan_windows((x.shape[1], x.shape[2]), self.window_size, self.shifted, self.window_rule)
        branch = from_windows(self.attn(to_windows(x, plan), plan), plan)
        if self.drop_path_before_norm:
            x = x + self.norm1(self.drop_path1(branch))
            x = x + self.norm2(self.drop_path2(self.mlp(x)))
        else:
            x = x + self.drop_path1(self.norm1(branch))
            x = x + self.drop_path2(self.norm2(self.mlp(x)))
        return self.norm3(x)


class PatchMerging(nn.Module):
    """Joins 2 x 2 tokens into one: a linear layer of the four, then a norm. Odd maps are padded with zeros.

    Args:
        dim: Width of the tokens.
        out_dim: Width of the joined tokens.
        order: How the four tokens are laid out: ``'timm'`` token after token, down the first column first;
            ``'unfold'`` channel after channel, along the rows (mmpretrain, SkySense++). Weights of one order do not
            work in the other.

    Raises:
        ConfigError: The order is unknown.
    """

    def __init__(self, dim: int, out_dim: int, order: MergeOrder = 'timm') -> None:
        super().__init__()
        if order not in ('timm', 'unfold'):
            raise ConfigError('merge_order', repr(order), "'timm' or 'unfold'", 'Correct the name.')
        self.order = order
        self.reduction = nn.Linear(4 * dim, out_dim, bias=False)
        self.norm = nn.LayerNorm(out_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (B, H, W, C) to (B, ceil(H / 2), ceil(W / 2), out_dim)."""
        below, right = x.shape[1] % 2, x.shape[2] % 2
        if below or right:
            x = functional.pad(x, (0, 0, 0, right, 0, below))
        batch, height, width, channels = x.shape
        x = x.view(batch, height // 2, 2, width // 2, 2, channels)
        order = (0, 1, 3, 4, 2, 5) if self.order == 'timm' else (0, 1, 3, 5, 2, 4)
        return self.norm(self.reduction(x.permute(order).flatten(3)))
