"""Completion of missing modalities through a discrete code that they share (SkySense++ specification, section 2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.registry import MODELS

SLOPE = 0.01


def _block(dims: int) -> nn.Sequential:
    layers = [nn.Conv2d(dims, dims, 3, padding=1), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(dims, dims, 3, padding=1), nn.LeakyReLU(SLOPE))


class SoftVQVAE(nn.Module):
    """Convolutional auto-encoder whose code is a soft assignment to a codebook, at a quarter of the resolution.

    Args:
        in_dims: Channels of the feature map.
        conv_dims: Channels of the convolutions.
        code_dims: Width of a code.
        num_codes: Size of the codebook.
        temperature: Factor of the logits before the softmax over codes (0.9 x 10 in the original).
    """

    def __init__(self, in_dims: int, conv_dims: int, code_dims: int, num_codes: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        for index in range(1, 5):
            setattr(self, f'gamma_{index}', nn.Parameter(torch.full((1, conv_dims, 1, 1), 1e-3)))
        self.codebook = nn.Embedding(num_codes, code_dims)
        self.conv1 = nn.Conv2d(in_dims, conv_dims, 5, padding=2)
        self.enc_block1, self.enc_block2 = _block(conv_dims), _block(conv_dims)
        self.logit_conv = nn.Conv2d(conv_dims, num_codes, 1)
        self.conv2 = nn.Conv2d(code_dims, conv_dims, 3, padding=1)
        self.dec_block1, self.dec_block2 = _block(conv_dims), _block(conv_dims)
        self.rec_conv = nn.Conv2d(conv_dims, in_dims, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def encode(self, feature: Tensor) -> Tensor:
        """Maps (B, in_dims, H, W) to logits over codes (B, num_codes, H / 4, W / 4)."""
        x = functional.leaky_relu(self.conv1(feature), SLOPE)
        x = functional.avg_pool2d(x + self.gamma_1 * self.enc_block1(x), 2)
        x = functional.avg_pool2d(x + self.gamma_2 * self.enc_block2(x), 2)
        return self.logit_conv(x)

    def assign(self, logits: Tensor) -> Tensor:
        """Share of every code at every cell, in float32: (B, num_codes, h, w)."""
        return (logits.float() * self.temperature).softmax(dim=1)

    def decode(self, logits: Tensor) -> Tensor:
        """Maps logits (B, num_codes, h, w) to a feature map (B, in_dims, 4 h, 4 w)."""
        shares = self.assign(logits).to(self.codebook.weight.dtype)
        code = torch.einsum('bnhw,nc->bchw', shares, self.codebook.weight)
        x = functional.leaky_relu(self.conv2(code), SLOPE)
        x = _twice(x)
        x = _twice(x + self.gamma_3 * self.dec_block1(x))
        return self.rec_conv(x + self.gamma_4 * self.dec_block2(x))


def _twice(x: Tensor) -> Tensor:
    """Doubles the size, bilinear and in float32."""
    return functional.interpolate(x.float(), scale_factor=2, mode='bilinear', align_corners=False).to(x.dtype)


@dataclass(frozen=True)
class Completed:
    """What :class:`ModalityCompletion` found, by modality.

    Attributes:
        features: Complete maps (B, C, H, W): the given ones where they are present, decoded ones elsewhere.
        given: The maps that went in, where there were any.
        logits: Logits over codes of the given maps (B, num_codes, H / 4, W / 4).
        reconstructed: The given maps after a way through their own code; empty unless asked for.
        present: (B, M) bool.
    """

    features: dict[str, Tensor]
    given: dict[str, Tensor]
    logits: dict[str, Tensor]
    reconstructed: dict[str, Tensor]
    present: Tensor


@MODELS.register_module()
class ModalityCompletion(BaseModule):
    """Fills in the feature map of a modality that is missing from the codes of those that are present.

    Args:
        in_dims: Channels of the maps.
        modalities: Their names, in the order of the flags.
        conv_dims: See :class:`SoftVQVAE`.
        code_dims: See :class:`SoftVQVAE`.
        num_codes: See :class:`SoftVQVAE`.
        temperature: See :class:`SoftVQVAE`.
        exchange: What stands for the logits of a missing modality: the ``'mean'`` of the others', or their ``'sum'``
            as in the original, which calls it a mean. The released weights were trained with the sum.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: ``exchange`` is unknown.
    """

    def __init__(
        self,
        in_dims: int = 2816,
        modalities: Sequence[str] = ('hr', 's2', 's1'),
        conv_dims: int = 256,
        code_dims: int = 256,
        num_codes: int = 8192,
        temperature: float = 9.0,
        exchange: Literal['mean', 'sum'] = 'mean',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if exchange not in ('mean', 'sum'):
            raise ConfigError('exchange', repr(exchange), "'mean' or 'sum'", 'Correct the name.')
        self.modalities, self.exchange = tuple(modalities), exchange
        for name in self.modalities:
            self.add_module(f'vae_{name}', SoftVQVAE(in_dims, conv_dims, code_dims, num_codes, temperature))

    def vae(self, name: str) -> SoftVQVAE:
        """The auto-encoder of a modality."""
        return self.get_submodule(f'vae_{name}')

    def forward(
        self, features: Mapping[str, Tensor | None], present: Tensor | None = None, reconstruct: bool = False
    ) -> Completed:
        """Completes a batch.

        Args:
            features: Maps (B, C, H, W) of one shape, H and W multiples of 4, by modality. One that is absent from the
                whole batch is left out or None: nothing is computed for it.
            present: (B, M) bool, which samples have which modality; None takes all that are given as present.
            reconstruct: Whether to send the given maps through their own codes too, for the loss.

        Returns:
            Maps of all modalities and what the loss needs.

        Raises:
            ConfigError: A sample has no modality at all, or a map's size does not fit.
        """
        found = ((name, features.get(name)) for name in self.modalities)
        given = {name: feature for name, feature in found if feature is not None}
        flags = self._flags(given, present)
        logits = {name: self.vae(name).encode(feature) for name, feature in given.items()}
        complete = {}
        for index, name in enumerate(self.modalities):
            has = flags[:, index]
            complete[name] = given[name] if has.all() else self._fill(name, given.get(name), logits, flags)
        again = {name: self.vae(name).decode(logit) for name, logit in logits.items()} if reconstruct else {}
        return Completed(complete, given, logits, again, flags)

    def _flags(self, given: Mapping[str, Tensor], present: Tensor | None) -> Tensor:
        shapes = {tuple(feature.shape) for feature in given.values()}
        names = ', '.join(self.modalities)
        if not given:
            raise ConfigError('modalities', 'none', f'at least one of {names}', 'Give the images of one of them.')
        if len(shapes) > 1 or any(side % 4 for side in next(iter(shapes))[2:]):
            expected = 'maps of one shape, height and width multiples of 4'
            raise ConfigError('features', f'{sorted(shapes)}', expected, 'Make tiles a multiple of the coarsest grid.')
        first = next(iter(given.values()))
        here = torch.tensor([name in given for name in self.modalities], device=first.device)
        if present is not None and tuple(present.shape) != (len(first), len(self.modalities)):
            expected = f'({len(first)}, {len(self.modalities)}): samples x {names}'
            raise ConfigError('present', f'shape {tuple(present.shape)}', expected, 'Give a flag for each modality.')
        flags = here.expand(len(first), -1) if present is None else present.to(first.device).bool() & here
        if not flags.any(dim=1).all():
            empty = flags.any(dim=1).logical_not().nonzero().flatten().tolist()
            raise ConfigError('modalities', f'none for sample(s) {empty}', f'at least one of {names}', 'Drop these.')
        return flags

    def _fill(self, name: str, feature: Tensor | None, logits: Mapping[str, Tensor], flags: Tensor) -> Tensor:
        """Decodes the others' logits where the modality is missing."""
        others = [other for other in logits if other != name]
        has = {other: flags[:, self.modalities.index(other)].view(-1, 1, 1, 1) for other in others}
        total = torch.stack([logits[other] * has[other].to(logits[other].dtype) for other in others]).sum(dim=0)
        if self.exchange == 'mean':
            total = total / torch.stack([has[other].int() for other in others]).sum(dim=0).clamp(min=1)
        decoded = self.vae(name).decode(total)
        if feature is None:
            return decoded
        return torch.where(flags[:, self.modalities.index(name)].view(-1, 1, 1, 1), feature, decoded.to(feature.dtype))
