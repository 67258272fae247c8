"""Tokens made from annotation maps: what lets a backbone read a labelled example beside an image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmrs.errors import ConfigError


class AnnotationEmbed(nn.Module):
    """Embeds a map of class ids into one token a patch: a learned weighted mean over the ids of the patch's pixels.

    ``w = softmax(weights)`` over the ``patch_size ** 2`` places of a patch; the token of a patch is the sum of
    ``w[place] * tokens[id at place]``. Masked patches become ``mask_token``. (SkySense++ specification, section 2.1.)

    Args:
        embed_dims: Width of the tokens.
        vocabulary_size: Highest id; 0 is background, so there are ``vocabulary_size + 1`` rows.
        patch_size: Side of a patch in pixels.
        std: Deviation of the tokens at the start; small ones take long to be seen beside an image's in a run from
            scratch.
    """

    def __init__(self, embed_dims: int, vocabulary_size: int, patch_size: int, std: float = 0.02) -> None:
        super().__init__()
        self.vocabulary_size, self.patch_size = vocabulary_size, patch_size
        self.mask_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.tokens = nn.Parameter(torch.zeros(vocabulary_size + 1, embed_dims))
        self.weights = nn.Parameter(torch.zeros(1, patch_size**2))
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        nn.init.trunc_normal_(self.tokens, std=std)

    def forward(self, annotations: Tensor, masks: Tensor | None = None) -> Tensor:
        """Embeds a batch.

        Args:
            annotations: (B, H, W) integer ids from 0 to ``vocabulary_size``; H and W are whole patches.
            masks: (B, H / patch, W / patch), nonzero where the annotation is hidden; None hides nothing.

        Returns:
            (B, H / patch * W / patch, embed_dims).

        Raises:
            ConfigError: The ids are no integers or outside the vocabulary, or the sizes do not fit.
        """
        self._check(annotations, masks)
        side = self.patch_size
        rows, columns = annotations.shape[1] // side, annotations.shape[2] // side
        places = annotations.unflatten(2, (columns, side)).unflatten(1, (rows, side)).transpose(2, 3)
        places = places.reshape(-1, side * side)
        weights = self.weights.softmax(dim=-1).expand(len(places), -1)
        # A bag sums the weighted rows of a patch without storing a vector for every pixel.
        tokens = nn.functional.embedding_bag(
            places.long(), self.tokens, mode='sum', per_sample_weights=weights.to(self.tokens.dtype)
        ).view(len(annotations), rows * columns, -1)
        if masks is None:
            return tokens
        hidden = masks.reshape(len(masks), -1, 1).to(tokens.dtype)
        return tokens * (1 - hidden) + self.mask_token.to(tokens.dtype) * hidden

    def _check(self, annotations: Tensor, masks: Tensor | None) -> None:
        side, shape = self.patch_size, tuple(annotations.shape)
        if annotations.ndim != 3 or annotations.is_floating_point() or shape[1] % side or shape[2] % side:
            found = f'{annotations.dtype} of shape {shape}'
            expected = f'integer ids (B, H, W), H and W multiples of {side}'
            raise ConfigError(
                'annotations', found, expected, 'Map colours or classes to ids, and pad to whole patches.'
            )
        # Traced and compiled graphs, and the meta device, hold no values to look at.
        if not (annotations.is_meta or torch.compiler.is_compiling()) and annotations.numel():
            low, high = annotations.min().item(), annotations.max().item()
            if low < 0 or high > self.vocabulary_size:
                fix = 'Map ignored pixels to 0 and classes to ids of the vocabulary, or raise vocabulary_size.'
                expected = f'ids from 0 to {self.vocabulary_size}'
                raise ConfigError('annotations', f'ids from {low} to {high}', expected, fix)
        if masks is not None and tuple(masks.shape) != (shape[0], shape[1] // side, shape[2] // side):
            expected = f'{(shape[0], shape[1] // side, shape[2] // side)}, one value a patch'
            raise ConfigError('masks', f'shape {tuple(masks.shape)}', expected, 'Resize the mask to the token grid.')


def embed_annotations(
    branch: AnnotationEmbed | None, images: Tensor, annotations: Tensor | None, masks: Tensor | None
) -> Tensor | None:
    """Embeds the annotations of images of any size; both are padded to whole patches, annotations with background.

    Args:
        branch: The backbone's annotation branch, if it has one.
        images: (B, channels, H, W).
        annotations: (B, H, W) ids, or None.
        masks: (B, ceil(H / patch), ceil(W / patch)), or None.

    Returns:
        (B, tokens, embed_dims); None without annotations.

    Raises:
        ConfigError: There is no branch, masks come alone, or sizes or ids do not fit.
    """
    if annotations is None:
        if masks is not None:
            raise ConfigError('masks', 'masks alone', 'annotations', 'Masks hide annotations: give both.')
        return None
    if branch is None:
        fix = 'Set vocabulary_size of the backbone.'
        raise ConfigError('annotations', 'a map', 'a backbone with an annotation branch', fix)
    size = tuple(images.shape[2:])
    if tuple(annotations.shape[1:]) != size:
        fix = 'Resize the annotations to the images, by nearest neighbour.'
        raise ConfigError('annotations', f'{tuple(annotations.shape[1:])} pixels', f'{size}', fix)
    below, right = (-side % branch.patch_size for side in size)
    return branch(nn.functional.pad(annotations, (0, right, 0, below)), masks)


def beside(images: Tensor, annotations: Tensor, grid: tuple[int, int]) -> Tensor:
    """Puts annotation tokens on the right of image tokens: a grid of twice the width.

    Args:
        images: (B, rows * columns, C).
        annotations: (B, rows * columns, C).
        grid: Rows and columns of each.

    Returns:
        (B, rows * 2 columns, C).
    """
    both = torch.cat([images.unflatten(1, grid), annotations.unflatten(1, grid)], dim=2)
    return both.flatten(1, 2)


def merge_halves(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Ends what :func:`beside` began: the mean of the image half and the annotation half.

    Args:
        tokens: (B, rows * 2 columns, C).
        grid: Rows and columns of one half.

    Returns:
        (B, rows * columns, C).
    """
    rows, columns = grid
    return tokens.view(len(tokens), rows, 2, columns, -1).mean(dim=2).flatten(1, 2)
