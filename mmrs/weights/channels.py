"""Named rules that fit the first convolution of released weights to other input channels.

| rule | from | to | what it does |
|---|---|---|---|
| ``'select'`` | n bands with names | a subset or another order | keeps the kernels of these bands, times n / kept |
| ``'sum'`` | any | 1 channel | sums the kernels: a grey image stands for all channels at once |
| ``'nir-from-red'`` | RGB | RGB + near infrared | copies the red kernel to the fourth channel |

``'select'`` keeps the size of the response where the dropped bands are like the kept ones (SkySense++ does so for four
of ten Sentinel-2 bands: B2, B3, B4, B8, times 10 / 4). ``'sum'`` is what timm does for SAR from RGB weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mmrs.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

ChannelRule = Literal['select', 'sum', 'nir-from-red']
CHANNEL_RULES = ('select', 'sum', 'nir-from-red')


def adapt_input_channels(
    kernel: Tensor, rule: ChannelRule, have: Sequence[str] = (), want: Sequence[str] = ()
) -> Tensor:
    """Applies a rule to the kernel of a first convolution.

    Args:
        kernel: (out, in, rows, columns).
        rule: One of ``CHANNEL_RULES``.
        have: Names of the kernel's input bands, for ``'select'``.
        want: Names of the bands of the new input, in their order, for ``'select'``.

    Returns:
        (out, new in, rows, columns).

    Raises:
        ConfigError: The rule is unknown, or does not go with the kernel or the bands.
    """
    if rule not in CHANNEL_RULES:
        raise ConfigError('channel_rule', repr(rule), f'one of {CHANNEL_RULES}', 'Correct the name.')
    if rule == 'sum':
        return kernel.sum(dim=1, keepdim=True)
    if rule == 'nir-from-red':
        if kernel.shape[1] != 3:
            found = f"'nir-from-red' for {kernel.shape[1]} channels"
            raise ConfigError('channel_rule', found, 'weights for red, green, blue', 'Take another rule.')
        return kernel[:, [0, 1, 2, 0]]
    check_subset(want, have)
    if kernel.shape[1] != len(have):
        found = f'weights for {kernel.shape[1]} channels'
        raise ConfigError('bands', found, f'{len(have)}: {", ".join(have)}', 'Take weights that were made for them.')
    return kernel[:, [have.index(band) for band in want]] * (len(have) / len(want))


def check_subset(want: Sequence[str], have: Sequence[str]) -> None:
    """Refuses bands that weights know nothing of, none at all, and a band twice.

    Raises:
        ConfigError: It names both.
    """
    if not want or len(set(want)) < len(want) or not set(want) <= set(have):
        fix = 'Name bands of this sensor, each once, in the order of the channels.'
        raise ConfigError('bands', ', '.join(want) or 'none', f'bands among {", ".join(have)}', fix)
