"""Features of a network that is looked at while it learns: nothing of it, and no random number, changes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset

from mmrs.datasets.masks import IGNORE
from mmrs.engine.replay import seed_all
from mmrs.errors import ConfigError

UNKNOWN = -1


@dataclass(frozen=True)
class Features:
    """Features with labels.

    Attributes:
        values: (N, C) float32, of whole images or of patches.
        labels: (N,) class indices.
        dense: Whether they are of patches.
    """

    values: Tensor
    labels: Tensor
    dense: bool


@contextmanager
def looking_at(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and random numbers of their own inside; after it, every mode and generator is as before."""
    modes = [(part, part.training) for part in module.modules()]
    state: Any = np.random.get_state()
    python, cpu = random.getstate(), torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    module.eval()
    seed_all(0)
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
        random.setstate(python)
        np.random.set_state(state)
        torch.set_rng_state(cpu)
        if gpus is not None:
            torch.cuda.set_rng_state_all(gpus)


@torch.no_grad()
def extract_features(
    backbone: nn.Module,
    dataset: Dataset,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    batch_size: int = 32,
    workers: int = 0,
    patches: int = 64,
) -> Features:
    """Features of labelled images, computed by all processes together; each gets all.

    Args:
        backbone: Takes normalised images (B, C, H, W); gives a map (B, C, rows, columns), a sequence (B, tokens, C)
            with the class token first and the patches last, or a tuple of which the last is taken.
        dataset: Samples with ``inputs`` (C, H, W) and ``data_samples`` with ``gt_label``, or with ``gt_sem_seg``: then
            features are of patches, and a patch has the class of most of its pixels.
        mean: Of every band, in the unit of the file.
        std: Of every band.
        batch_size: Images a step.
        workers: Processes that load.
        patches: Patches that are drawn of an image; always the same ones.

    Raises:
        ConfigError: The output of the backbone or a sample has another form.
    """
    from mmrs.models.normalisation import normalised_batch  # takes all models, so not with every import of hooks

    count: int = len(dataset)  # type: ignore[arg-type]
    processes, rank = get_world_size(), get_rank()
    # The same number for every process, so that they meet at every step: the last ones may be computed twice.
    own = [min(start + rank, count - 1) for start in range(0, count, processes)]
    loader = DataLoader(Subset(dataset, own), batch_size, num_workers=workers, collate_fn=list)
    centre, spread = (torch.tensor(values, dtype=torch.float32).view(-1, 1, 1) for values in (mean, std))
    like = next(backbone.parameters())
    values, labels, dense, done = [], [], False, 0
    for samples in loader:
        for alike in _equal_sizes(samples):
            images = [sample['inputs'] for sample in alike]
            batch = normalised_batch(images, centre, spread, False, images[0].shape[1:], 0)
            output = backbone(batch.to(like.device, like.dtype))
            truths = [sample['data_samples'] for sample in alike]
            dense = 'gt_sem_seg' in truths[0]
            if dense:
                places = [own[done + index] for index in range(len(alike))]
                prefix = getattr(backbone, 'num_prefix_tokens', 1)
                found = _patches(patch_map(output, batch.shape[2:], prefix), truths, patches, places)
            else:
                found = pooled(output).float().cpu()[:, None], torch.stack([_label(truth) for truth in truths])
            values.append(found[0])
            labels.append(found[1])
            done += len(alike)
    gathered = [torch.stack(all_gather(torch.cat(part)), 1).flatten(0, 1)[:count] for part in (values, labels)]
    found_values, found_labels = gathered[0].flatten(0, 1), gathered[1].flatten()
    known = found_labels != UNKNOWN
    return Features(found_values[known], found_labels[known], dense)


def pooled(output: Any) -> Tensor:
    """One feature an image (B, C): the class token of a sequence, the mean of a map.

    Raises:
        ConfigError: It is neither.
    """
    output = _last(output)
    return output[:, 0] if output.ndim == 3 else output.mean((2, 3)) if output.ndim == 4 else output


def patch_map(output: Any, size: Sequence[int], prefix: int = 1) -> Tensor:
    """Features of patches as a map (B, C, rows, columns).

    Args:
        output: A map, or a sequence whose last tokens are the patches row by row.
        size: Rows and columns of the images.
        prefix: Tokens of a sequence that are no patches.

    Raises:
        ConfigError: It is neither.
    """
    output = _last(output)
    if output.ndim == 4:
        return output
    if output.ndim == 3:
        patches = output[:, prefix:]
        rows = round((patches.shape[1] * size[0] / size[1]) ** 0.5)
        if rows and patches.shape[1] % rows == 0:
            return patches.transpose(1, 2).unflatten(2, (rows, -1))
    raise _wrong_output(output)


def _last(output: Any) -> Tensor:
    output = output[-1] if isinstance(output, tuple | list) else output
    if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4):
        raise _wrong_output(output)
    return output


def _wrong_output(output: Any) -> ConfigError:
    found = f'a tensor of {output.ndim} axes' if isinstance(output, Tensor) else type(output).__name__
    fix = "Name a backbone, such as 'teacher.backbone'."
    return ConfigError('module of the probe', found, 'a map or a sequence of tokens', fix)


def _equal_sizes(samples: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Samples in runs of one image size."""
    run: list[dict[str, Any]] = []
    for sample in samples:
        if run and sample['inputs'].shape != run[0]['inputs'].shape:
            yield run
            run = []
        run.append(sample)
    yield run


def _label(truth: Any) -> Tensor:
    label = truth.get('gt_label')
    if label is None or label.numel() != 1:
        fix = 'Give scenes of one class each, or maps of classes.'
        found = 'no label' if label is None else f'{label.numel()} labels'
        raise ConfigError('dataset of the probe', found, 'gt_label of one class, or gt_sem_seg', fix)
    return label.view(1).cpu()


def _patches(maps: Tensor, truths: list[Any], number: int, places: list[int]) -> tuple[Tensor, Tensor]:
    """Draws (B, number, C) features and (B, number) labels; what is missing in a small map is ignored."""
    values = maps.new_zeros(len(maps), number, maps.shape[1], dtype=torch.float32, device='cpu')
    labels = torch.full((len(maps), number), UNKNOWN)
    for index, (truth, place) in enumerate(zip(truths, places, strict=True)):
        classes = majority(truth.gt_sem_seg.data[0].cpu(), maps.shape[2:]).flatten()
        classes[classes == IGNORE] = UNKNOWN
        chosen = torch.from_numpy(np.random.default_rng(place).permutation(len(classes))[:number])
        values[index, : len(chosen)] = maps[index].flatten(1).T.float().cpu()[chosen]
        labels[index, : len(chosen)] = classes[chosen]
    return values, labels


def majority(mask: Tensor, grid: Sequence[int]) -> Tensor:
    """The most frequent value in every cell of a grid, 255 included.

    Args:
        mask: (H, W) class indices.
        grid: Rows and columns.

    Returns:
        (rows, columns) int64.
    """
    present = mask.unique()
    shares = functional.adaptive_avg_pool2d((mask[None] == present[:, None, None]).float(), (grid[0], grid[1]))
    return present[shares.argmax(0)].long()
