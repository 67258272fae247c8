"""SwinV2 whose patches may be masked, for reconstruction pre-training (MaRS specification, section 2.2)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrs.errors import ConfigError
from mmrs.models.backbones.mars import MaRS

MASK_MODES = ('simmim', 'release')


class MaskedSwinV2(BaseModule):
    """A MaRS encoder, a mask token, and the normalised map of the last stage.

    Parameter names are those of the released pre-training code.

    Args:
        size: See :class:`mmrs.models.MaRS`.
        modality: ``'rgb'`` or ``'sar'``.
        mask_mode: ``'simmim'`` puts the mask token in the place of masked patches. ``'release'`` does what the
            released code does to its integer masks: visible patches are negated, masked ones become
            ``token - 2 * patch``, so that nothing is hidden.
        **encoder: See :class:`mmrs.models.MaRS`.

    Raises:
        ConfigError: An option does not fit.
    """

    def __init__(
        self,
        size: str | dict[str, Any] = 'base',
        modality: str = 'rgb',
        mask_mode: Literal['simmim', 'release'] = 'simmim',
        **encoder: Any,
    ) -> None:
        super().__init__()
        if mask_mode not in MASK_MODES:
            raise ConfigError('mask_mode', repr(mask_mode), f'one of {MASK_MODES}', 'Correct the name.')
        self.mask_mode = mask_mode
        self.encoder = MaRS(size, modality, **{'out_indices': -1, 'final_norm': 'last', **encoder})
        self.mask_token = nn.Parameter(torch.zeros(1, 1, self.encoder.arch.embed_dims))
        nn.init.trunc_normal_(self.mask_token, std=0.02)

    @property
    def out_channels(self) -> int:
        """Width of the last stage."""
        return self.encoder.arch.widths[-1]

    @property
    def stride(self) -> int:
        """Pixels a cell of the last stage."""
        return self.encoder.patch_size * 2 ** (self.encoder.num_stages - 1)

    def forward(self, images: Tensor, masks: Tensor | None = None) -> Tensor:
        """Encodes images of which some patches are masked.

        Args:
            images: (B, C, H, W), normalised.
            masks: (B, rows, columns) of the patches, nonzero where masked, of any type; None masks nothing (and
                negates nothing).

        Returns:
            (B, width, rows / 8, columns / 8).

        Raises:
            ConfigError: The images or masks do not fit.
        """
        self.encoder.check_images(images)
        tokens = self.encoder.patch_embed(images)
        if masks is not None:
            tokens = self._mask(tokens, masks)
        return self.encoder.forward_tokens(tokens)[-1]

    def _mask(self, tokens: Tensor, masks: Tensor) -> Tensor:
        if masks.shape != tokens.shape[:3]:
            expected = f'{tuple(tokens.shape[:3])}, one cell a patch'
            raise ConfigError('masks', f'{tuple(masks.shape)}', expected, 'Make the masks for this image size.')
        hidden = masks.ne(0).to(tokens.dtype).unsqueeze(-1)
        token = self.mask_token.to(tokens.dtype)
        kept = tokens * (1 - hidden) if self.mask_mode == 'simmim' else -tokens * (1 + hidden)
        return kept + token * hidden
