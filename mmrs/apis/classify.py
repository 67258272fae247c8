"""Classifies images with a trained mmpretrain model and writes the result as CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from mmrs.apis.model import usable_device
from mmrs.datasets.catalogue import CATALOGUE
from mmrs.datasets.contact_sheet import captioned, plain, sheet
from mmrs.datasets.pixels import read_pixels
from mmrs.errors import ConfigError, DataError, MmrsError, WeightsError
from mmrs.geo.gdal import replacing
from mmrs.geo.stretch import to_picture
from mmrs.weights.files import read_checkpoint, tensors_of

if TYPE_CHECKING:
    from mmengine.config import Config

LISTS = ('.txt', '.lst')
SHOWN = 24  # images of a picture
SUFFIXES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.npz', '.npy')


@dataclass
class Classifier:
    """A trained classifier with its test pipeline.

    Attributes:
        model: The network in evaluation mode.
        pipeline: Loads and prepares one image.
        classes: Names of the classes.
        multi_label: Whether an image may have several classes.
        threshold: Score from which a class counts, with several classes.
    """

    model: Any
    pipeline: Callable[[dict[str, Any]], dict[str, Any]]
    classes: list[str]
    multi_label: bool
    threshold: float = 0.5


def load_classifier(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str],
    device: str = 'cpu',
    cfg_options: Mapping[str, Any] | None = None,
) -> Classifier:
    """Builds a classifier and loads its trained weights, all of them or none.

    Args:
        config: An mmengine config of mmpretrain, its path, or its name below ``configs/``.
        checkpoint: File written by training.
        device: Where the model runs.
        cfg_options: Config keys to override, dotted.

    Raises:
        ConfigError: If the config describes no classifier or has no test pipeline.
        WeightsError: If the checkpoint is missing, unsafe, damaged or belongs to another model.
    """
    from mmengine.config import Config
    from mmengine.dataset import Compose
    from mmengine.registry import MODELS, DefaultScope

    import mmrs.registry  # noqa: F401
    from mmrs.apis.config import load_config
    from mmrs.engine.console import import_host

    cfg = config if isinstance(config, Config) else load_config(config, cfg_options)
    content = read_checkpoint(checkpoint)
    import_host('mmpretrain')
    steps = ((cfg.get('test_dataloader') or {}).get('dataset') or {}).get('pipeline')
    if not steps:
        fix = 'Add test_dataloader.dataset.pipeline.'
        raise ConfigError(cfg.filename or 'config', 'no test pipeline', 'one that loads an image', fix)
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        model = registry.build(cfg.model)
    if not hasattr(model, 'head') or not hasattr(model, 'predict'):
        raise ConfigError(cfg.filename or 'config', type(model).__name__, 'a classifier', 'Use its own command.')
    _load(model, tensors_of(content, checkpoint), checkpoint)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        pipeline = Compose([step for step in steps if not str(step.get('type')).endswith('LoadMask')])
    model.to(usable_device(device)).eval().requires_grad_(False)
    threshold = getattr(model.head, 'thr', None)
    classes = _classes(cfg, content, model)
    return Classifier(model, pipeline, classes, 'MultiLabel' in type(model.head).__name__, threshold or 0.5)


def _load(model: Any, state: Mapping[str, torch.Tensor], checkpoint: str | os.PathLike[str]) -> None:
    own = model.state_dict()
    wrong = sorted(own.keys() ^ state.keys())
    wrong += sorted(key for key in own.keys() & state.keys() if own[key].shape != state[key].shape)
    if wrong:
        found = f'{len(wrong)} keys that do not fit ({", ".join(wrong[:3])})'
        fix = 'Use the config that this checkpoint was trained with.'
        raise WeightsError(checkpoint, found, f'the weights of the {type(model).__name__} in the config', fix)
    model.load_state_dict(dict(state))


def _classes(cfg: Config, content: Mapping[str, Any], model: Any) -> list[str]:
    number = int(getattr(model.head, 'num_classes', 0))
    saved = (content.get('meta') or {}).get('dataset_meta') or {}
    dataset = cfg.test_dataloader.dataset
    known = CATALOGUE[dataset.name].classes if dataset.get('name') in CATALOGUE else None
    for names in (saved.get('classes'), dataset.get('classes'), (dataset.get('metainfo') or {}).get('classes'), known):
        if names and len(names) == number:
            return [str(name) for name in names]
    return [f'class {index}' for index in range(number)]


def find_images(inputs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Images behind the arguments: images, folders (searched whole) and text files with one path a line.

    Raises:
        DataError: If an argument is not there or leads to no image.
    """
    found: dict[Path, None] = {}
    for name in inputs:
        path = Path(name)
        images = list(_images(path))
        if not images:
            what = 'no image' if path.exists() else 'no such file'
            raise DataError(path, what, 'images, folders or lists (.txt) of images', 'Correct the argument.')
        found.update(dict.fromkeys(images))
    return list(found)


def _images(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (item for item in sorted(path.rglob('*')) if item.suffix.lower() in SUFFIXES)
    elif path.suffix.lower() in LISTS and path.is_file():
        for line in path.read_text().splitlines():
            if line.strip():
                image = Path(line.strip())
                yield image if image.is_absolute() or image.exists() else path.parent / image
    elif path.is_file():
        yield path


def classify_images(
    classifier: Classifier,
    images: Sequence[Path],
    destination: str | os.PathLike[str],
    batch_size: int = 16,
    progress: Callable[[int, int], None] = lambda done, total: None,
    picture: str | os.PathLike[str] | None = None,
) -> list[MmrsError]:
    """Classifies images and writes ``image,class,score`` and one column of scores a class.

    With several classes an image, ``class`` joins their names with ``;`` and ``score`` is the lowest of theirs. An
    image that cannot be read leaves these columns empty and is reported; the others are still classified.

    Args:
        classifier: The model.
        images: Paths; rows keep their order.
        destination: The CSV; it appears when it is complete.
        batch_size: Images that run at once.
        progress: Called with the number of images done and in all.
        picture: A PNG of some of the images with class and score, evenly spread over the rows; None: no picture.

    Returns:
        One error for every image that could not be read.

    Raises:
        RasterError: If the output cannot be written.
    """
    errors: list[MmrsError] = []
    cells: list[Image.Image] = []
    count = min(SHOWN, len(images)) if picture is not None else 0
    shown = set(np.linspace(0, len(images) - 1, count).round().astype(int).tolist())
    with replacing(destination) as temporary, open(temporary, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['image', 'class', 'score', *classifier.classes])
        for first in range(0, len(images), batch_size):
            batch = images[first : first + batch_size]
            scores = _scores(classifier, batch, errors)
            rows = [_row(classifier, path, scores.get(path)) for path in batch]
            writer.writerows(rows)
            cells += [_cell(row) for index, row in enumerate(rows, first) if index in shown and row[1]]
            progress(min(first + batch_size, len(images)), len(images))
    if picture is not None and cells:
        with replacing(picture) as temporary:
            sheet(cells).save(temporary, format='png')
    return errors


def _cell(row: Sequence[Any]) -> Image.Image:
    """An image of the table above its class and score."""
    return captioned([to_picture(plain(read_pixels(row[0])))], f'{row[1]} {float(row[2]):.2f}')


def _scores(classifier: Classifier, batch: Sequence[Path], errors: list[MmrsError]) -> dict[Path, list[float]]:
    loaded: dict[Path, dict[str, Any]] = {}
    for path in batch:
        try:
            loaded[path] = classifier.pipeline({'img_path': str(path)})
        except MmrsError as error:
            errors.append(error)
    if not loaded:
        return {}
    # One by one where sizes differ: then they do not stack.
    groups: dict[Any, list[Path]] = {}
    for path, item in loaded.items():
        groups.setdefault(tuple(item['inputs'].shape), []).append(path)
    scores: dict[Path, list[float]] = {}
    for paths in groups.values():
        data = {key: [loaded[path][key] for path in paths] for key in ('inputs', 'data_samples')}
        with torch.inference_mode():
            samples = classifier.model.test_step(data)
        scores.update({path: item.pred_score.tolist() for path, item in zip(paths, samples, strict=True)})
    return scores


def _row(classifier: Classifier, path: Path, scores: list[float] | None) -> list[Any]:
    if scores is None:
        return [path, '', '', *([''] * len(classifier.classes))]
    best = max(range(len(scores)), key=scores.__getitem__)
    chosen = [best]
    if classifier.multi_label:
        chosen = [index for index, score in enumerate(scores) if score >= classifier.threshold]
    names = ';'.join(classifier.classes[index] for index in chosen)
    lowest = f'{min(scores[index] for index in chosen):.6f}' if chosen else ''
    return [path, names, lowest, *(f'{score:.6f}' for score in scores)]
