"""A probe: what the frozen backbone knows about labels that its pretraining never sees."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmrs.engine.frozen_features import Features, extract_features, looking_at
from mmrs.engine.replay import seed_all
from mmrs.engine.sharding import is_sharded
from mmrs.errors import ConfigError
from mmrs.evaluation.confusion import class_iou, confusion_matrix
from mmrs.evaluation.probes import effective_rank, knn_predict, linear_predict
from mmrs.registry import DATASETS, HOOKS, MODELS

# What makes a model start from weights, in the configs of backbones and of pretraining models.
SOURCES = ('weights', 'teacher_weights', 'pretrained')


def probe_backbone(
    backbone: nn.Module,
    train: Dataset,
    val: Dataset,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    neighbours: int = 20,
    penalty: float = 1e-3,
    **extraction: Any,
) -> dict[str, float]:
    """Scores of frozen features on labels; the backbone and all random numbers stay as they are.

    Args:
        backbone: See :func:`mmrs.engine.frozen_features.extract_features`.
        train: Labelled images that the classifiers learn from.
        val: Those that they are tested on.
        mean: Of every band, in the unit of the file.
        std: Of every band.
        neighbours: Votes of the classifier by nearest neighbours.
        penalty: Of the weights of the linear classifier.
        **extraction: ``batch_size``, ``workers`` and ``patches`` of ``extract_features``.

    Returns:
        ``knn`` and ``linear``, the share of images or patches with the right class; for patches also ``knn_miou`` and
        ``linear_miou``; ``rank``, the effective rank of the features of ``val``. With several processes, all take
        part, and the scores are computed in the first one; the others get none.
    """
    with looking_at(backbone):
        seen, unseen = (extract_features(backbone, part, mean, std, **extraction) for part in (train, val))
        return scores_of(seen, unseen, neighbours, penalty) if is_main_process() else {}


def scores_of(train: Features, val: Features, neighbours: int = 20, penalty: float = 1e-3) -> dict[str, float]:
    """Scores of features, see :func:`probe_backbone`."""
    scores = {}
    predictions = {
        'knn': knn_predict(train.values, train.labels, val.values, neighbours),
        'linear': linear_predict(train.values, train.labels, val.values, penalty),
    }
    classes = int(max(train.labels.max(), val.labels.max())) + 1
    for name, found in predictions.items():
        scores[name] = float((found == val.labels).float().mean())
        if val.dense:
            matrix = confusion_matrix(found.numpy(), val.labels.numpy(), classes)
            ious = class_iou(matrix)
            scores[f'{name}_miou'] = float(ious[matrix.sum(1) > 0].mean())
    return {**scores, 'rank': effective_rank(val.values)}


@HOOKS.register_module()
class ProbeHook(Hook):
    """Looks from time to time at how well the frozen backbone tells labelled classes apart, and at its rank.

    The scores of :func:`probe_backbone` go to the log, to ``scalars.json`` and to the other backends of the visualizer
    as ``probe/knn`` and so on: before the first iteration, every ``interval`` iterations, and after the last. Where
    the training starts from weights, those of a random initialisation are written at 0 as ``probe_random/knn`` and so
    on. The training goes on as if nothing had been looked at: modes and random numbers are kept.

    Args:
        module: Dotted name of the backbone in the model, such as ``'teacher.backbone'`` or ``'encoder_rgb'``.
        train: Config of the labelled training set: scenes of one class or maps of classes, with a pipeline without
            randomness that packs ``inputs`` and ``data_samples`` (``_scope_='mmseg'`` for one of segmentation). Or a
            folder of one folder a class.
        val: The same of the held-out set.
        interval: Iterations between looks.
        pixels: Side of the images where folders are given: shorter edge to this length, then the centre.
        bands: Bands that are read where folders are given.
        mean: Of every band; None takes that of the model's data preprocessor.
        std: Of every band, likewise.
        name: First part of the names of the scores, for several probes in a run.
        **options: See :func:`probe_backbone`.

    Raises:
        ConfigError: There is no such module, or statistics are lacking.
        DataError: A dataset is not there.
    """

    # After the teacher was updated, and before a checkpoint is written.
    priority = 'LOW'

    def __init__(
        self,
        module: str,
        train: Mapping[str, Any] | str,
        val: Mapping[str, Any] | str,
        interval: int = 1000,
        pixels: int = 224,
        bands: Sequence[int] = (1, 2, 3),
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        name: str = 'probe',
        **options: Any,
    ) -> None:
        self.module, self.interval, self.name, self.options = module, interval, name, options
        self.configs = [folder_set(part, pixels, bands) if isinstance(part, str) else part for part in (train, val)]
        self.statistics = (mean, std)
        self.sets: list[Dataset] = []
        self._config: Mapping[str, Any] | None = None

    def before_train(self, runner: Runner) -> None:
        """Builds the datasets, and probes what the training starts from."""
        self.build_sets()
        model = inner_model(runner)
        part_of(model, self.module)
        start = self._config = runner.cfg.get('model')
        if runner.iter > 0:
            return
        if start is not None and (runner.cfg.get('load_from') or without_weights(start) != start):
            fresh = fresh_model(start)
            fresh.to(next(model.parameters()).device)
            self._tell(runner, self.look(fresh), 0, f'{self.name}_random')
        self._tell(runner, self.look(model), 0)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Probes every ``interval`` iterations, and at the end."""
        if self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner):
            self._tell(runner, self.look(inner_model(runner)), runner.iter + 1)

    def build_sets(self) -> None:
        """Builds the datasets once."""
        if not self.sets:
            self.sets = [DATASETS.build(dict(config)) for config in self.configs]

    def look(self, model: nn.Module) -> dict[str, float]:
        """Scores of the backbone in ``model`` as it is now."""
        self.build_sets()
        (train, val), (mean, std) = self.sets, self._statistics(model)
        backbone = part_of(model, self.module)
        if is_sharded(backbone):
            backbone = unsharded(backbone, self._config or {}, self.module)
        return probe_backbone(backbone, train, val, mean, std, **self.options)

    def _statistics(self, model: nn.Module) -> list[list[float]]:
        found = []
        for name, given in zip(('mean', 'std'), self.statistics, strict=True):
            values = given if given is not None else getattr(getattr(model, 'data_preprocessor', None), name, None)
            if values is None:
                expected = 'one, as the data preprocessor of the model has none'
                raise ConfigError(f'{name} of the probe', 'none', expected, 'Give mean and std of every band.')
            found.append(torch.as_tensor(values).flatten().tolist())
        return found

    def _tell(self, runner: Runner, scores: Mapping[str, float], step: int, name: str | None = None) -> None:
        if not is_main_process():
            return
        named = {f'{name or self.name}/{key}': value for key, value in scores.items()}
        runner.logger.info(f'Iter [{step}]  ' + '  '.join(f'{key}: {value:.4f}' for key, value in named.items()))
        runner.message_hub.update_scalars(named)
        runner.visualizer.add_scalars(named, step=step)


def folder_set(folder: str | Path, pixels: int, bands: Sequence[int] = (1, 2, 3)) -> dict[str, Any]:
    """Config of scenes in one folder a class, as a probe reads them: the centre at one size, nothing drawn.

    Args:
        folder: Holds the folders of the classes.
        pixels: Side of the image.
        bands: 1-based numbers of the bands.
    """
    pipeline = [
        dict(type='mmrs.LoadRaster', bands=list(bands)),
        dict(type='ResizeEdge', scale=pixels, edge='short'),
        dict(type='CenterCrop', crop_size=pixels),
        dict(type='PackInputs'),
    ]
    return dict(type='mmrs.SceneFolderDataset', _scope_='mmpretrain', data_root=str(folder), pipeline=pipeline)


def part_of(model: nn.Module, name: str) -> nn.Module:
    """The module of that dotted name.

    Raises:
        ConfigError: There is none.
    """
    try:
        return model.get_submodule(name)
    except AttributeError:
        there = ', '.join(child for child, _ in model.named_children())
        fix = "Name the backbone, such as 'teacher.backbone' or 'encoder_rgb'."
        raise ConfigError('module of the probe', repr(name), f'a module of the model ({there})', fix) from None


def unsharded(part: nn.Module, config: Mapping[str, Any], name: str) -> nn.Module:
    """A whole copy of a sharded part of a model; all processes have to ask for it.

    Args:
        part: Of the model.
        config: Of the model.
        name: Dotted name of the part in it.
    """
    state = {key: getattr(value, 'full_tensor', lambda v=value: v)() for key, value in part.state_dict().items()}
    with torch.device('meta'), silent():
        copy = part_of(MODELS.build(without_weights(config)), name)
    if {key for key, _ in copy.named_buffers()} - set(copy.state_dict()):  # they are computed, and not saved
        copy = part_of(fresh_model(config), name).to(next(part.parameters()).device)
    copy.load_state_dict(state, assign=True)
    return copy.train(part.training)


def without_weights(config: Any) -> Any:
    """A model's config without the entries that load weights."""
    if isinstance(config, Mapping):
        kept = {key: without_weights(value) for key, value in config.items() if key not in SOURCES or value is None}
        init = kept.get('init_cfg')
        if init is not None:
            entries = [entry for entry in (init if isinstance(init, list) else [init]) if not _loads(entry)]
            kept['init_cfg'] = (entries if isinstance(init, list) else entries[0]) if entries else None
        return kept
    if isinstance(config, list | tuple):
        return type(config)(without_weights(entry) for entry in config)
    return config


def _loads(entry: Mapping[str, Any]) -> bool:
    return str(entry.get('type', '')).rpartition('.')[2] == 'Pretrained'


def fresh_model(config: Mapping[str, Any], seed: int = 0) -> Any:
    """The model of a config at a random initialisation; random numbers of others stay as they are.

    Args:
        config: ``model`` of a config; entries that load weights are left out.
        seed: Of the initialisation.
    """
    with looking_at(nn.Identity()), silent():
        seed_all(seed)
        model = MODELS.build(without_weights(config))
        initialise: Any = getattr(model, 'init_weights', None)
        if initialise is not None:
            initialise()
    return model


@contextmanager
def silent() -> Iterator[None]:
    """Keeps mmengine's lines about every initialised parameter from screen and log file."""
    logger: Any = MMLogger.get_current_instance()
    handlers, level = logger.handlers, logger.level
    logger.handlers = []
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.handlers = handlers
        logger.setLevel(level)


def inner_model(runner: Runner) -> nn.Module:
    """The runner's model without what wraps it for several processes."""
    model: Any = runner.model
    return model.module if is_model_wrapper(model) else model
