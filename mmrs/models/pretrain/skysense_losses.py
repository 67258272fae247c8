"""Losses of SkySense++ pretraining (specification, section 3), in float32 whatever the precision of the model."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.necks.modality_completion import Completed
from mmrs.models.pretrain.processes import mean_count

# Keeps a mean over no pixels or no samples finite.
EPSILON = 1e-6
SIMILARITY_WEIGHT = 0.05


def masked_pixels(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Spreads a mask over tokens (B, h, w) to pixels (B, H, W), bool; cells are whole pixels, of any shape.

    Raises:
        ConfigError: The size is no multiple of the mask's.
    """
    rows, columns = masks.shape[1:]
    if size[0] % rows or size[1] % columns:
        raise ConfigError('masks', f'{rows} x {columns} cells', f'a divisor of {size}', 'Make the mask fit the tiles.')
    return masks.bool().repeat_interleave(size[0] // rows, 1).repeat_interleave(size[1] // columns, 2)


def reconstruction_loss(
    logits: Tensor, target: Tensor, masks: Tensor | None = None, balance: bool = True, tokens: Tensor | None = None
) -> Tensor:
    """Cross entropy of the annotation that the model completes; means are over the pixels of all processes.

    Args:
        logits: (B, V + 1, H, W).
        target: (B, H, W) ids, 0 is background.
        masks: (B, h, w): only pixels of masked cells count; None lets all count (the published setting).
        balance: Half the weight for background, half for the rest, instead of the plain mean.
        tokens: (V + 1, C) vocabulary: adds 0.05 times the mean over pairs of ``1 + cos``, so that they differ.

    Returns:
        A scalar.

    Raises:
        ConfigError: A target id is outside the logits.
    """
    if not target.is_meta and (target.min() < 0 or target.max() >= logits.shape[1]):
        found = f'ids from {target.min().item()} to {target.max().item()}'
        raise ConfigError('target', found, f'0 to {logits.shape[1] - 1}', 'Map classes to ids of the vocabulary.')
    loss = functional.cross_entropy(logits.float(), target.long(), reduction='none')
    chosen = torch.ones_like(target, dtype=torch.bool)
    if masks is not None:
        chosen = masked_pixels(masks, (target.shape[1], target.shape[2]))
    if balance:
        groups = torch.stack([chosen & (target > 0), chosen & (target == 0)]).flatten(1)
        total = ((loss.flatten() * groups).sum(dim=1) / (mean_count(groups.sum(dim=1)) + EPSILON)).sum() / 2
    else:
        count = mean_count(chosen.sum())
        total = (loss * chosen).sum() / count.where(count > 0, 1)
    return total if tokens is None else total + SIMILARITY_WEIGHT * token_similarity(tokens)


def token_similarity(tokens: Tensor) -> Tensor:
    """Mean of ``1 + cos`` over all pairs of rows of (N, C)."""
    cosine = functional.normalize(tokens.float(), dim=1)
    upper = torch.triu_indices(len(tokens), len(tokens), offset=1, device=tokens.device)
    return 1 + (cosine @ cosine.T)[upper[0], upper[1]].mean()


def code_divergence(completed: Completed) -> Tensor:
    """Symmetric KL divergence between the code distributions of every two modalities of a sample.

    Summed over cells and codes, averaged over the batch, over 6 as in the original (three pairs, two directions).
    """
    names = list(completed.logits)
    logs = {name: completed.logits[name].float().log_softmax(dim=1) for name in names}
    total = next(iter(logs.values())).new_zeros(())
    for one, other in combinations(names, 2):
        gap = logs[one] - logs[other]
        # KL(p || q) + KL(q || p) = sum (p - q) (log p - log q)
        divergence = ((logs[one].exp() - logs[other].exp()) * gap).flatten(1).sum(dim=1)
        total = total + (divergence * _flags(completed, one) * _flags(completed, other)).mean()
    return total / 6


def completion_loss(completed: Completed, num_modalities: int = 3) -> Tensor:
    """Reconstruction error of the maps that are present, plus :func:`code_divergence`.

    Args:
        completed: From ``ModalityCompletion(..., reconstruct=True)``.
        num_modalities: What the sum of errors is divided by, also where fewer are given.
    """
    total = code_divergence(completed)
    # of all modalities at once: which of them are in a batch differs between processes
    counts = mean_count(completed.present.sum(dim=0)) + EPSILON
    for name, again in completed.reconstructed.items():
        error = (again.float() - completed.given[name].float()).square().flatten(1).mean(dim=1)
        total = total + (error * _flags(completed, name)).sum() / counts[_index(completed, name)] / num_modalities
    return total


def _flags(completed: Completed, name: str) -> Tensor:
    return completed.present[:, _index(completed, name)].float()


def _index(completed: Completed, name: str) -> int:
    return list(completed.features).index(name)
