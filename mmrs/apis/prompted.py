"""A model that segments by example, as scene mapping sees it: the call behind ``mmrs predict --prompt``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from mmrs.apis.in_context import InContextSegmenter, Prompt
from mmrs.apis.model import read_config, usable_device
from mmrs.apis.scene_model import SceneModel
from mmrs.datasets.masks import IGNORE, as_uint8
from mmrs.datasets.pixels import read_pixels
from mmrs.errors import ConfigError, RasterError
from mmrs.geo.scene import Scene
from mmrs.geo.sensors import SENSORS
from mmrs.weights.files import sha256_of
from mmrs.weights.load import load_pretrained, resolve

if TYPE_CHECKING:
    from mmengine.config import Config

Path = str | os.PathLike[str]
NOTHING = 'none of them'
FLOOR = 1e-6  # of a share, so that its logarithm is finite


def is_prompted(config: Config) -> bool:
    """Whether a config describes a model that segments by example."""
    return str(config.get('model', {}).get('type')).rpartition('.')[2] == 'SkySensePretrain'


def read_prompt(image: Path, mask: Path, bands: Sequence[int] | None = None) -> Prompt:
    """Reads an example.

    Args:
        image: Raster of red, green and blue, 8 bits.
        mask: Raster of class indices on its grid; 255 for what is none of the classes.
        bands: 1-based bands of the image; None takes all.

    Raises:
        RasterError: One cannot be read, or the image has other bands or another type.
        ConfigError: The mask has another size, or shows no class.
    """
    pixels, labels = read_pixels(image, bands), read_pixels(mask)
    if len(pixels) != 3 or pixels.dtype != np.uint8:
        found = f'{len(pixels)} bands of {pixels.dtype}'
        raise RasterError(image, found, 'red, green and blue of uint8', 'Choose bands (--bands), or stretch it first.')
    if len(labels) != 1 or labels.shape[1:] != pixels.shape[1:]:
        found = ' x '.join(map(str, labels.shape))
        expected = f'1 x {pixels.shape[1]} x {pixels.shape[2]}, on the grid of {image}'
        raise ConfigError(os.fspath(mask), found, expected, 'Give the mask of this image, in one band.')
    values = as_uint8(labels[0], os.fspath(mask))
    shown = sorted(set(np.unique(values).tolist()) - {IGNORE})
    if not shown or (shown == [0] and (values == IGNORE).any()):
        found = 'no class' if not shown else '0 and 255 alone'
        fix = 'Number classes from 0 or 1; 255 means none of them.'
        raise ConfigError(os.fspath(mask), found, 'at least one class', fix)
    return Prompt(np.ascontiguousarray(np.moveaxis(pixels, 0, -1)), values)


class PromptedLogits(nn.Module):
    """Logarithms of the shares that examples give to classes.

    Args:
        segmenter: The model.
        prompts: Examples; a class is averaged over those that show it.

    Attributes:
        classes: Whether an example shows a class, for every index up to the highest; and at last, where one shows
            some, for what is none of them.
    """

    def __init__(self, segmenter: InContextSegmenter, prompts: Sequence[Prompt]) -> None:
        super().__init__()
        self.network, self.segmenter = segmenter.model, segmenter
        found, self.examples = segmenter.prepare(prompts)
        times = segmenter.times(self.examples)
        self.ids = [found.index(value) + 1 if value in found else None for value in range(found[-1] + 1)]
        self.ids += [0] if times[0] else []
        self.classes = [ident is not None for ident in self.ids]
        self.register_buffer('known', times, persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Asks every example about every tile.

        Args:
            pixels: (N, 3, tile, tile), normalised.

        Returns:
            (N, classes, tile, tile).
        """
        known: Any = self.known
        total: Any = sum(self.segmenter.ask([(tile, *shown) for tile in pixels]) for shown in self.examples)
        shares = total / known.to(total.device).clamp(min=1).view(1, -1, 1, 1)
        empty = torch.zeros_like(shares[:, 0])
        chosen = torch.stack([empty if ident is None else shares[:, ident] for ident in self.ids], dim=1)
        return chosen.float().clamp(min=FLOOR).log()


def load_prompted(
    config: Path | Config,
    checkpoint: Path,
    prompts: Sequence[tuple[Path, Path]],
    device: str | torch.device = 'cpu',
    autocast: torch.dtype | None = None,
    cfg_options: Mapping[str, Any] | None = None,
    *,
    tile: int | None = None,
    bands: Sequence[int] | None = None,
    names: Sequence[str] = (),
) -> SceneModel:
    """Builds a model that maps scenes as examples show; nothing is trained.

    Examples are resized to a tile, so they should cover as much ground as one: tile times the scene's pixel size.

    Args:
        config: Config of ``mmrs.SkySensePretrain``; its ``scene`` says ``tile`` and may say ``overlap``, ``bands``
            and ``batch_size``.
        checkpoint: What its training wrote, or released weights of SkySense++, by catalogue name or path.
        prompts: Image and mask of each example, see :func:`read_prompt`.
        device: Where the model runs.
        autocast: Reduced precision of the forward pass.
        cfg_options: Config keys to override, dotted.
        tile: Side of a tile; None takes the config's.
        bands: Bands of the examples; None takes the config's, or all.
        names: Names of the classes that the masks show, ascending.

    Raises:
        ConfigError: The config is of another model, or an example or the names do not fit.
        RasterError: An example cannot be read.
        WeightsError: The checkpoint cannot be read, or is of another model.
    """
    from mmengine.registry import MODELS

    import mmrs.registry  # noqa: F401

    cfg = read_config(config, cfg_options)
    scene = dict(cfg.get('scene') or {})
    if not is_prompted(cfg):
        found = str(cfg.model.get('type'))
        raise ConfigError('--prompt', found, 'a config of mmrs.SkySensePretrain', 'Leave --prompt out.')
    chosen = list(bands or scene.get('bands') or []) or None
    examples = [read_prompt(*pair, chosen) for pair in prompts]
    trained: Any = MODELS.build(cfg.model)
    load_pretrained(trained.model, checkpoint)
    where = usable_device(device)
    side = int(tile or scene.get('tile') or 512)
    segmenter = InContextSegmenter(trained.model.to(where).requires_grad_(False), side)
    network, rgb = PromptedLogits(segmenter, examples), SENSORS['rgb']
    return SceneModel(
        network,
        classes=_names(network, names),
        channels=3,
        bands=chosen,
        tile=side,
        overlap=int(scene.get('overlap', side // 4)),
        batch_size=int(scene.get('batch_size', 4)),
        mean=rgb.mean,
        std=rgb.std,
        device=where,
        autocast=autocast,
        identity={
            'config': str(getattr(cfg, 'filename', '') or ''),
            'config_options': dict(cfg_options or {}),
            'checkpoint': os.fspath(checkpoint),
            'checkpoint_sha256': sha256_of(resolve(checkpoint)[1]),
            'prompts': [{os.fspath(file): sha256_of(file) for file in pair} for pair in prompts],
        },
    )


def _names(network: PromptedLogits, names: Sequence[str]) -> list[str]:
    shown = [index for index, ident in enumerate(network.ids) if ident]
    if names and len(names) != len(shown):
        found, expected = f'{len(names)} names', f'{len(shown)}, for the values {shown} of the masks'
        raise ConfigError('--prompt-classes', found, expected, 'Name every class of the examples once, ascending.')
    given = dict(zip(shown, names or [f'class {index}' for index in shown], strict=True))
    last = [NOTHING] if network.ids[-1] == 0 else []
    count = len(network.ids) - len(last)
    return [given.get(index, f'unused {index}') for index in range(count)] + last


def check_scene(path: Path) -> None:
    """Refuses a scene that is not of 8 bits, as the model was trained on them.

    Raises:
        RasterError: It cannot be opened, or has another type.
    """
    with Scene(path) as scene:
        if scene.dtype != np.uint8:
            fix = 'Bring it to 8 bits first: mmrs data resample --scale FACTOR --dtype uint8.'
            raise RasterError(path, f'pixels of {scene.dtype}', 'uint8, as the examples', fix)
