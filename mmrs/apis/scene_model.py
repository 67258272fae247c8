"""What scene mapping needs to know about a model: its bands, its classes, and logits from raw pixels."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


def default_palette(count: int) -> list[tuple[int, int, int]]:
    """Colours that are told apart at a glance: hues a golden ratio apart, two brightnesses in turn.

    Args:
        count: Number of colours.
    """
    colours = []
    for index in range(count):
        red, green, blue = colorsys.hsv_to_rgb((0.33 + index * 0.618034) % 1, 0.65, 0.85 if index % 2 else 0.6)
        colours.append((round(red * 255), round(green * 255), round(blue * 255)))
    return colours


@dataclass
class SceneModel:
    """A segmentation model as scene mapping sees it.

    Args:
        network: (N, C, H, W) normalised float pixels to (N, K, H, W) logits; K is 1 for a lone foreground logit.
        classes: Class names, in the order of the logits. A network with one logit has two: background, foreground.
        palette: RGB of each class, 0 to 255; generated when empty.
        channels: Bands that the network takes, of all dates.
        bands: 1-based bands of a scene that it takes, in its training pipeline's order; None when scenes are expected
            to have just these bands.
        tile: Tile size in pixels that the network was trained on.
        overlap: Overlap of neighbouring tiles in pixels.
        batch_size: Tiles that go through the network at once.
        mean: Mean of each band, in raster units and in the network's channel order; empty for none.
        std: Standard deviation of each band, likewise.
        reverse_bands: Whether the network's channels are the bands in reverse (RGB scenes, BGR network).
        threshold: Probability above which a lone logit means foreground.
        device: Where the network is.
        autocast: Reduced precision of the network's forward pass; None computes as the weights are stored.
        dates: Number of dates that the network compares: 2 for change detection. Their bands follow each other.
        identity: What tells this model from others in records and when a run is resumed (paths, checksums).
    """

    network: Callable[[Tensor], Tensor]
    classes: Sequence[str]
    palette: Sequence[Sequence[int]] = ()
    channels: int = 3
    bands: Sequence[int] | None = None
    tile: int = 512
    overlap: int = 128
    batch_size: int = 4
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    reverse_bands: bool = False
    threshold: float = 0.5
    dates: int = 1
    device: torch.device | str = 'cpu'
    autocast: torch.dtype | None = None
    identity: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.device = torch.device(self.device)
        self.classes = tuple(self.classes)
        self.palette = [tuple(colour) for colour in self.palette] or default_palette(len(self.classes))
        self._mean, self._std = (
            torch.tensor(list(values), dtype=torch.float32, device=self.device).view(-1, 1, 1) if len(values) else None
            for values in (self.mean, self.std)
        )

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.classes)

    @property
    def fill(self) -> list[float]:
        """Value of each band, in the scene's order, that stands for "no information": zero after normalisation."""
        values = list(self.mean) or [0.0]
        if len(values) == 1:
            values *= self.channels
        return values[::-1] if self.reverse_bands else values

    @torch.inference_mode()
    def __call__(self, batch: Tensor) -> Tensor:
        """Logits of raw pixels.

        Args:
            batch: (N, C, H, W) pixels in raster units, bands in the scene's order; any real dtype, any device.

        Returns:
            (N, K, H, W) float32 logits on the model's device, K = ``num_classes``.
        """
        logits = self.run(batch).float()
        if logits.shape[1] == 1:
            # The class map follows the threshold: the background's logit is the threshold's.
            logits = torch.cat([torch.full_like(logits, self.threshold).logit(), logits], 1)
        return logits

    def run(self, batch: Tensor) -> Any:
        """What the network says of raw pixels, as it says it.

        Args:
            batch: As for a call.
        """
        pixels = batch.to(self.device, non_blocking=True)
        if self.reverse_bands:
            pixels = pixels.flip(1)
        # The first step makes a float32 copy.
        pixels = pixels - self._mean if self._mean is not None else pixels.to(torch.float32, copy=True)
        if self._std is not None:
            pixels.div_(self._std)
        cast = torch.autocast(self.device.type, self.autocast) if self.autocast else nullcontext()  # type: ignore[union-attr]
        with cast:
            return self.network(pixels)
