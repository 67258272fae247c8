"""Contrast losses of MaRS between the tokens of two co-registered modalities (specification, section 2.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.pretrain.processes import Gather

HIER_LABELS = ('own', 'release')


def clip_contrast(
    first: Tensor, second: Tensor, log_scale: Tensor, drop_first_token: bool = True, gather: Gather | None = None
) -> Tensor:
    """Symmetric cross entropy of every token against all tokens of the other modality.

    Args:
        first: (B, N, C).
        second: (B, N, C), tokens of the same places.
        log_scale: Logarithm of the factor of the cosines, a scalar.
        drop_first_token: Leaves the first token of each image out, as the release does.
        gather: See :meth:`CrossContrast.terms`.

    Returns:
        Scalar, in float32.
    """
    start = int(drop_first_token)
    rows, columns = (functional.normalize(x[:, start:].float(), dim=-1).flatten(0, 1) for x in (first, second))
    return _pair(rows, columns, log_scale.float().exp(), gather)


@dataclass(frozen=True)
class CrossContrast:
    """Contrast of patches with patches, images with images, and patches with images.

    The terms are closed forms over the fewest logits: one (BN, BN) matrix for the patches, read both ways, and
    (BN, B) for patches against images.

    Attributes:
        temp_patch: Temperature of patch to patch.
        temp_global: Temperature of image to image.
        temp_hier: Temperature of patch to image.
        alpha: Weight of patch to patch.
        beta: Weight of image to image.
        gamma: Weight of patch to image.
        drop_first_token: Leaves the first token of each image out, as the release does.
        normalize_global: Gives the mean of the tokens unit length; the release does not.
        hier_label: Image that a patch has to find: ``'own'``, or ``'release'``: by a slip in its labels, image
            ``b // N`` for a patch of image b, which is image 0 for batches up to N.
    """

    temp_patch: float = 0.1
    temp_global: float = 0.05
    temp_hier: float = 0.07
    alpha: float = 0.5
    beta: float = 0.3
    gamma: float = 0.2
    drop_first_token: bool = False
    normalize_global: bool = True
    hier_label: Literal['own', 'release'] = 'own'

    def __post_init__(self) -> None:
        if self.hier_label not in HIER_LABELS:
            raise ConfigError('hier_label', repr(self.hier_label), f'one of {HIER_LABELS}', 'Correct the name.')

    def __call__(self, first: Tensor, second: Tensor, gather: Gather | None = None) -> Tensor:
        """Weighted sum of :meth:`terms`."""
        weights = first.new_tensor([self.alpha, self.beta, self.gamma], dtype=torch.float32)
        return (self.terms(first, second, gather) * weights).sum()

    def terms(self, first: Tensor, second: Tensor, gather: Gather | None = None) -> Tensor:
        """Computes the three terms.

        Args:
            first: (B, N, C).
            second: (B, N, C), tokens of the same places.
            gather: Collects tensors along the first dimension over all processes, and tells the place of ours among
                them: their tokens are negatives too. None: those of this process only (as the release).

        Returns:
            (3,) float32: patch, image and patch-to-image.

        Raises:
            ConfigError: No token is left.
        """
        start = int(self.drop_first_token)
        if first.shape[1] <= start:
            raise ConfigError('tokens', f'{first.shape[1]} an image', f'more than {start}', 'Use larger images.')
        patches = [functional.normalize(x[:, start:].float(), dim=-1) for x in (first, second)]
        images = [x.mean(dim=1) for x in patches]
        if self.normalize_global:
            images = [functional.normalize(x, dim=-1) for x in images]
        tokens = patches[0].shape[1]
        flat = [x.flatten(0, 1) for x in patches]
        patch = _pair(flat[0], flat[1], 1 / self.temp_patch, gather)
        image = _pair(images[0], images[1], 1 / self.temp_global, gather)
        return torch.stack([patch, image, self._hierarchical(flat, images, tokens, gather)])

    def _hierarchical(self, flat: list[Tensor], images: list[Tensor], tokens: int, gather: Gather | None) -> Tensor:
        (globals_first, place), (globals_second, _) = (
            gather(x) if gather is not None else (x, 0) for x in (images[0], images[1])
        )
        batch = len(images[0])
        own = torch.arange(batch, device=flat[0].device)
        release = self.hier_label == 'release'
        target = ((own + place) // tokens if release else own + place).repeat_interleave(tokens)
        # the release repeats every image N times: the same as adding ln N to the partition
        extra = math.log(tokens) if release else 0.0
        pairs = ((flat[0], globals_second), (flat[1], globals_first))
        losses = [functional.cross_entropy(patch @ image.T / self.temp_hier, target) for patch, image in pairs]
        return (losses[0] + losses[1]) / 2 + extra


def _pair(first: Tensor, second: Tensor, scale: Tensor | float, gather: Gather | None) -> Tensor:
    """Contrast of rows with rows, each against all of the other side."""
    if gather is None:
        return _symmetric(first @ second.T * scale, 0, None)
    (everyone, place), (others, _) = gather(first), gather(second)
    return _symmetric(first @ others.T * scale, place, second @ everyone.T * scale)


def _symmetric(logits: Tensor, place: int, back: Tensor | None) -> Tensor:
    """Mean of the cross entropies both ways; ``back`` is the other way's logits where they are not the transpose."""
    own = logits.diagonal(offset=place)
    returns = logits.logsumexp(dim=0) - own if back is None else back.logsumexp(dim=1) - back.diagonal(offset=place)
    return ((logits.logsumexp(dim=1) - own).mean() + returns.mean()) / 2
