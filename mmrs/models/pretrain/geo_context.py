"""Prototypes of regions of the Earth, learned without labels (SkySense, first stage; specification, section 3)."""

from __future__ import annotations

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.pretrain.distillation_losses import sinkhorn


class GeoContext(nn.Module):
    """Adds to every place of a map what is usual in its region.

    Published: 4096 regions of 100 prototypes, 215 million parameters, which is a width near 512. Our own: the map is
    brought to that width, asks the prototypes of its region by attention, and the answer is added to the map; a
    prototype moves towards the mean of the places that Sinkhorn-Knopp gives to it.

    Args:
        dims: Channels of the map.
        regions: Number of regions.
        prototypes: Number of prototypes of a region.
        context_dims: Width of a prototype.
        momentum: Share of itself that a prototype keeps when its region is seen.
        temperature: Of the assignment.
    """

    prototypes: Tensor

    def __init__(
        self,
        dims: int,
        regions: int = 4096,
        prototypes: int = 100,
        context_dims: int = 512,
        momentum: float = 0.99,
        temperature: float = 0.05,
    ) -> None:
        super().__init__()
        self.momentum, self.temperature = momentum, temperature
        self.query, self.answer = nn.Linear(dims, context_dims), nn.Linear(context_dims, dims)
        self.register_buffer('prototypes', functional.normalize(torch.randn(regions, prototypes, context_dims), dim=-1))

    def forward(self, feature: Tensor, regions: Tensor) -> Tensor:
        """Adds the context.

        Args:
            feature: (B, dims, H, W).
            regions: (B) numbers of regions from 0; -1 where a place is not known, which gets no context.

        Raises:
            ConfigError: A region is outside the table.
        """
        self._check(regions)
        tokens = self.query(feature.flatten(2).transpose(1, 2))
        known = self.prototypes[regions.clamp(min=0)].to(tokens.dtype)
        found = functional.scaled_dot_product_attention(tokens, known, known)
        added = self.answer(found).transpose(1, 2).view_as(feature)
        return feature + added * (regions >= 0).to(added.dtype).view(-1, 1, 1, 1)

    @torch.no_grad()
    def update(self, feature: Tensor, regions: Tensor) -> None:
        """Moves the prototypes of the regions of a batch, of all processes, in one order.

        Args:
            feature: (B, dims, H, W), the teacher's.
            regions: (B), see :meth:`forward`.
        """
        tokens = functional.normalize(self.query(feature.flatten(2).transpose(1, 2)).float(), dim=-1)
        moved = torch.stack([self._means(part, max(int(r), 0)) for part, r in zip(tokens, regions, strict=True)])
        for means, numbers in zip(all_gather(moved), all_gather(regions), strict=True):
            for mean, number in zip(means, numbers.tolist(), strict=True):
                if number >= 0:
                    mixed = self.momentum * self.prototypes[number] + (1 - self.momentum) * mean
                    self.prototypes[number] = functional.normalize(mixed, dim=-1)

    def _means(self, tokens: Tensor, region: int) -> Tensor:
        """Mean token of each prototype (prototypes, context_dims)."""
        shares = sinkhorn(tokens @ self.prototypes[region].float().T, self.temperature, shared=False)
        return shares.T @ tokens / shares.sum(dim=0).clamp_min(1e-6)[:, None]

    def _check(self, regions: Tensor) -> None:
        if not regions.is_meta and len(regions) and int(regions.max()) >= len(self.prototypes):
            found, expected = f'region {int(regions.max())}', f'0 to {len(self.prototypes) - 1}, or -1'
            raise ConfigError('regions', found, expected, 'Build the model with as many regions as the data has.')
