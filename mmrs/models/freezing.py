"""Freezing by depth: which parameters of a backbone take no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from mmrs.errors import ConfigError


def freeze_depths(module: nn.Module, depths: int | Sequence[int]) -> list[str]:
    """Takes the gradient from the blocks of some depths; it still passes through them.

    Other than ``frozen_stages`` of a backbone it keeps the graph, for parts before the frozen ones that learn, such as
    an annotation's vocabulary. Learned tokens and position embeddings go on learning. Call it before the model is
    handed to DDP or an optimiser.

    Args:
        module: A module with ``get_layer_depth(name) -> (depth, number of depths)``: any backbone here, or the fusion
            transformer.
        depths: k for the patch embedding and the blocks of depth 1 to k, or first and last depth for the blocks
            between them.

    Returns:
        Names of the parameters that were frozen.

    Raises:
        ConfigError: The module has no such depths.
    """
    first, last = (0, depths) if isinstance(depths, int) else tuple(depths)
    found = list(_depths(module))
    deepest = max((number for _, _, number in found), default=2) - 2
    if not found or not 0 <= first <= last <= deepest:
        what = f'{type(module).__name__} of {deepest} blocks' if found else f'{type(module).__name__} without depths'
        raise ConfigError('frozen_depths', f'{depths}', f'depths within {what}', 'Correct the depths.')
    frozen = []
    for name, depth, _ in found:
        in_block = name.startswith(('blocks.', 'layers.'))
        if first <= depth <= last and (in_block or name.startswith('patch_embed.')):
            module.get_parameter(name).requires_grad_(False)
            frozen.append(name)
    return frozen


def _depths(module: nn.Module) -> Iterator[tuple[str, int, int]]:
    depth_of = getattr(module, 'get_layer_depth', None)
    if depth_of is not None:
        for name, _ in module.named_parameters():
            yield (name, *depth_of(name))
