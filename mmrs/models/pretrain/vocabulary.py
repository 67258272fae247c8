"""Coloured annotations to ids of the vocabulary and back (SkySense++ specification, section 2.9)."""

from __future__ import annotations

import random
from collections.abc import Mapping

import torch
from torch import Tensor

from mmrs.errors import ConfigError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def colours_to_ids(
    targets: Tensor, vocabulary_size: int, generator: random.Random | None = None, truncate: bool = False
) -> tuple[Tensor, dict[int, int]]:
    """Gives every colour of a batch an id of its own; black is 0, background.

    The other colours, in ascending order of their code ``red * 65536 + green * 256 + blue``, get the ids of a shuffled
    list, so that no id comes to mean a class.

    Args:
        targets: (B, 3, H, W), normalised with ImageNet's mean and deviation on the scale 0 to 1.
        vocabulary_size: Highest id.
        generator: Source of the shuffle; None leaves the ids in ascending order.
        truncate: Cuts colours to whole numbers, as the original does: it merges a few neighbours, such as 0 and 1 of
            red. The default rounds.

    Returns:
        (B, H, W) int64 ids, and the colour code of every id that is used.

    Raises:
        ConfigError: There are more colours than ids.
    """
    if targets.ndim != 4 or targets.shape[1] != 3:
        raise ConfigError('targets', f'shape {tuple(targets.shape)}', '(B, 3, H, W)', 'Give coloured annotations.')
    mean, std = (torch.tensor(x, device=targets.device).view(1, 3, 1, 1) for x in (MEAN, STD))
    values = (targets.float() * std + mean) * 255
    red, green, blue = (values if truncate else values.round()).clamp(0, 255).long().unbind(1)
    codes, places = torch.unique(red * 65536 + green * 256 + blue, return_inverse=True)
    ids = list(range(1, vocabulary_size + 1))
    if generator is not None:
        generator.shuffle(ids)
    colours = [code for code in codes.tolist() if code]
    if len(colours) > len(ids):
        fix = 'Raise vocabulary_size, or map rare classes to black.'
        raise ConfigError('targets', f'{len(colours)} colours', f'at most {len(ids)} beside black', fix)
    named = dict(zip(colours, ids, strict=False)) | {0: 0}
    table = torch.tensor([named[code] for code in codes.tolist()], device=targets.device)
    return table[places], {named[code]: code for code in codes.tolist()}


def ids_to_colours(ids: Tensor, colours: Mapping[int, int]) -> Tensor:
    """Paints ids (B, H, W) as (B, 3, H, W) uint8; ids without a colour are black.

    Args:
        ids: From 0.
        colours: Colour code of ids, as :func:`colours_to_ids` returns them.
    """
    table = torch.zeros(max([int(ids.max()), *colours]) + 1, dtype=torch.long, device=ids.device)
    for number, code in colours.items():
        table[number] = code
    codes = table[ids.long()]
    return torch.stack([codes // 65536, codes // 256 % 256, codes % 256], dim=1).to(torch.uint8)
