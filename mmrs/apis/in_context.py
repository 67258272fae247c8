"""Segmentation by example: images with masks and an image without one in, its classes out; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmrs.datasets.masks import IGNORE
from mmrs.datasets.rs_semantic.published import normalise, resize_bicubic, resize_labels
from mmrs.errors import ConfigError
from mmrs.geo.sensors import SENSORS
from mmrs.models import SkySensePP


@dataclass(frozen=True)
class Prompt:
    """An example.

    Attributes:
        image: (H, W, 3) uint8: red, green, blue.
        mask: (H, W) class indices; 255 for what is none of the classes.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]


class InContextSegmenter:
    """Segments images as examples show, with the head of SkySense++'s pretraining.

    Example and image are laid one above the other, each resized to a tile; the annotation of the lower one is hidden,
    and read from what the model puts there. Several examples are asked one by one, and their answers averaged.

    Args:
        model: With a vocabulary; modalities that are lacking are completed, if it can.
        tile: Side of a tile in pixels; published: 512.
        batch_size: Pairs that go through the model together.

    Raises:
        ConfigError: The model has no vocabulary.
    """

    def __init__(self, model: SkySensePP, tile: int = 512, batch_size: int = 8) -> None:
        if model.head_rec_hr is None:
            fix = 'Build it with a vocabulary, and load the weights of the whole model.'
            raise ConfigError('model', 'no vocabulary', 'a model that was pretrained on annotations', fix)
        self.model, self.tile, self.batch_size = model.eval(), tile, batch_size
        head: Any = model.head_rec_hr
        self.ids = int(head.conv_seg.out_channels) - 1

    def predict(
        self, images: Sequence[NDArray[np.uint8]], prompts: Sequence[Prompt], closed: bool = True
    ) -> list[NDArray[np.uint8]]:
        """Segments images.

        Args:
            images: (H, W, 3) uint8 each, of any sizes.
            prompts: Examples; every image is compared with all of them.
            closed: Choose among the classes of the examples, and the background where an example shows some. Else,
                as published, among all ids of the vocabulary, where those that mean nothing are background.

        Returns:
            (H, W) class indices of each image, 255 for the background.

        Raises:
            ConfigError: There is no example, one is broken or shows no class, or there are more classes than ids.
        """
        classes, shown = self.prepare(prompts)
        times = self.times(shown)
        pairs = [(index, image, *prompt) for index, image in enumerate(self._images(images)) for prompt in shown]
        sums: list[Tensor | float] = [0.0] * len(images)
        counts = [0] * len(images)
        found: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)] * len(images)
        values = torch.tensor([IGNORE, *classes, *[IGNORE] * (self.ids - len(classes))], dtype=torch.uint8)
        for first in range(0, len(pairs), self.batch_size):
            batch = pairs[first : first + self.batch_size]
            for (index, *_), shares in zip(batch, self.ask([pair[1:] for pair in batch]), strict=True):
                sums[index], counts[index] = sums[index] + shares, counts[index] + 1
                if counts[index] == len(prompts):
                    size = images[index].shape[:2]
                    found[index] = self._decide(sums[index], size, times, closed, values)
                    sums[index] = 0.0
        return found

    def prepare(self, prompts: Sequence[Prompt]) -> tuple[list[int], list[tuple[Tensor, Tensor]]]:
        """Brings examples to the size of a tile.

        Args:
            prompts: Examples.

        Returns:
            Class indices, of which the k-th has the id k + 1; and normalised image and ids of each example.

        Raises:
            ConfigError: See :meth:`predict`.
        """
        classes = self._classes(prompts)
        return classes, [self._prompt(prompt, classes) for prompt in prompts]

    def times(self, shown: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """How many examples show each id: a class is averaged over these, for the others cannot find it.

        Args:
            shown: Of :meth:`prepare`.
        """
        return torch.stack([torch.bincount(ids.ravel(), minlength=self.ids + 1) > 0 for _, ids in shown]).sum(0)

    def _decide(
        self, shares: Tensor | float, size: tuple[int, ...], times: Tensor, closed: bool, values: Tensor
    ) -> NDArray[np.uint8]:
        assert isinstance(shares, Tensor)
        if closed:
            known = times.to(shares.device).view(-1, 1, 1)
            shares = torch.where(known > 0, shares / known.clamp(min=1), -1)
        full = functional.interpolate(shares[None], size=(size[0], size[1]), mode='bilinear', align_corners=False)[0]
        return values[full.argmax(0).cpu()].numpy()

    def _images(self, images: Sequence[NDArray[np.uint8]]) -> Iterator[Tensor]:
        for index, image in enumerate(images):
            yield self._image(image, f'images[{index}]')

    def _image(self, image: NDArray[np.uint8], name: str) -> Tensor:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            found = f'{image.dtype} of shape {image.shape}'
            raise ConfigError(name, found, '(H, W, 3) uint8: red, green, blue', 'Stretch other data to 8 bits first.')
        pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0))).int()
        rgb = SENSORS['rgb']
        return normalise(resize_bicubic(pixels, (self.tile, self.tile)), rgb.mean, rgb.std)

    def _classes(self, prompts: Sequence[Prompt]) -> list[int]:
        if not prompts:
            raise ConfigError('prompts', 'none', 'one or more examples', 'Give an image with its mask.')
        classes = sorted({int(value) for prompt in prompts for value in np.unique(prompt.mask)} - {IGNORE})
        if not 0 < len(classes) <= self.ids:
            found, expected = f'{len(classes)} classes', f'1 to {self.ids}, the ids of the model'
            raise ConfigError('prompts', found, expected, 'Check the masks; join classes if there are too many.')
        return classes

    def _prompt(self, prompt: Prompt, classes: list[int]) -> tuple[Tensor, Tensor]:
        if prompt.mask.shape != prompt.image.shape[:2] or prompt.mask.dtype != np.uint8:
            found = f'{prompt.mask.dtype} of shape {prompt.mask.shape}'
            expected = f'uint8 of shape {prompt.image.shape[:2]}, as the image'
            raise ConfigError('prompt.mask', found, expected, 'Give the mask on the grid of the image.')
        table = np.zeros(256, np.int64)
        table[classes] = np.arange(1, len(classes) + 1)
        mask = resize_labels(torch.from_numpy(np.ascontiguousarray(prompt.mask)), (self.tile, self.tile))
        return self._image(prompt.image, 'prompt.image'), torch.from_numpy(table)[mask.long()]

    @torch.no_grad()
    def ask(self, pairs: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        """Lays examples above tiles, and reads the annotation that the model puts on the tiles.

        Args:
            pairs: Normalised tile (3, tile, tile), and normalised image and ids of an example, see :meth:`prepare`.

        Returns:
            (B, ids + 1, tile, tile) probabilities.
        """
        device = next(self.model.parameters()).device
        hr = torch.stack([torch.cat([shown.to(tile.device), tile], dim=1) for tile, shown, _ in pairs]).to(device)
        ids = torch.stack([torch.cat([ids, torch.zeros_like(ids)]) for *_, ids in pairs]).to(device)
        hidden = torch.tensor([[0], [1]], device=device).expand(len(pairs), -1, -1)
        logits = self.model({'hr': hr}, ids, hidden).logits
        assert logits is not None
        return logits[:, :, self.tile :].softmax(dim=1)
