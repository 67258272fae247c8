"""Probes weights against random initialisation on labelled images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmrs.apis.config import load_config
from mmrs.errors import ConfigError, DataError
from mmrs.weights.catalogue import CATALOGUE

if TYPE_CHECKING:
    from torch import nn

    from mmrs.engine.probe import ProbeHook


@dataclass(frozen=True)
class Probed:
    """Scores of one look.

    Attributes:
        weights: What was probed: the file or catalogue name, or ``'random'``.
        seed: Of the initialisation, and of the choice of labelled samples.
        scores: See :func:`mmrs.engine.probe_backbone`.
    """

    weights: str
    seed: int
    scores: dict[str, float]


def probe_weights(
    weights: str | os.PathLike[str],
    train: str | None = None,
    val: str | None = None,
    *,
    config: str | os.PathLike[str] | None = None,
    module: str | None = None,
    pixels: int | None = None,
    seeds: int = 3,
    shots: int | None = None,
    device: str = 'cpu',
) -> Iterator[Probed]:
    """Scores of the frozen backbone with weights, and of the same backbone at random initialisations.

    Args:
        weights: Checkpoint of the training that ``config`` describes; without a config a catalogue name, or a file
            that fills an entry of the catalogue.
        train: Folder of one folder a class that the classifiers learn from; None: the set of the config's probe.
        val: The same of held-out scenes.
        config: Config of a pretraining, whose ``default_hooks.probe`` is taken where there is one.
        module: Dotted name of the backbone in the model of the config; None: that of its probe.
        pixels: Side of the images where folders are given; None: that of the config's probe, or 224.
        seeds: Random initialisations; with ``shots``, also choices of labelled samples for the weights.
        shots: Labelled samples a class that the classifiers learn from; None: all.
        device: Where the backbone runs.

    Yields:
        First the weights (once, or with ``shots`` once a seed), then the random initialisations.

    Raises:
        ConfigError: Something is not said that is needed.
        DataError: A dataset is not there, or has too few samples of a class.
        WeightsError: The weights are missing or do not fit.
    """
    hook, model = _set_up(os.fspath(weights), config, train=train, val=val, module=module, pixels=pixels)
    from mmrs.engine.probe import fresh_model, part_of, silent

    hook.build_sets()
    whole = hook.sets[0]
    pretrained = fresh_model(model)
    with silent():  # the scores are what the caller prints
        _fill(part_of(pretrained, hook.module), os.fspath(weights), hook.module)
    for seed in range(seeds if shots else 1):
        hook.sets[0] = few_shots(whole, shots, seed) if shots else whole
        yield Probed(os.fspath(weights), seed, hook.look(pretrained.to(device)))
    del pretrained
    for seed in range(seeds):
        hook.sets[0] = few_shots(whole, shots, seed) if shots else whole
        yield Probed('random', seed, hook.look(fresh_model(model, seed).to(device)))


def _set_up(weights: str, config: str | os.PathLike[str] | None, **given: Any) -> tuple[ProbeHook, Mapping[str, Any]]:
    """The probe, and the config of the model that it looks into."""
    import mmrs.models  # noqa: F401  (registers them)
    from mmrs.engine.probe import ProbeHook

    if config is None:
        found: dict[str, Any] = {**_of_catalogue(weights), 'module': ''}
    else:
        cfg = load_config(config)
        _take_scope(cfg.get('default_scope'))
        hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
        of_config: dict[str, Any] = next((hook for hook in hooks if hook and hook.get('type') == 'mmrs.ProbeHook'), {})
        found = {**of_config, 'model': cfg.model}
    found.update({name: value for name, value in given.items() if value is not None})
    found.pop('type', None)
    for name in ('module', 'train', 'val'):
        if name not in found:
            fix = f'Give --{name}, or a config with default_hooks.probe.'
            raise ConfigError(f'--{name}', 'nothing', 'one, as the config has no probe', fix)
    model = found.pop('model')
    hook = ProbeHook(**found)
    if hook.statistics == (None, None) and 'data_preprocessor' not in model:
        fix = 'Give mean and std in default_hooks.probe of the config.'
        raise ConfigError('mean of the probe', 'none', 'one', fix)
    return hook, model


def _take_scope(scope: str | None) -> None:
    from mmengine.registry import init_default_scope

    from mmrs.engine.console import import_host

    import_host(scope)
    if scope:
        init_default_scope(scope)


def _of_catalogue(weights: str) -> dict[str, Any]:
    """Model and statistics of the catalogue entry that the weights are."""
    if weights in CATALOGUE:
        entry = CATALOGUE[weights]
    else:
        from mmrs.weights.inspection import inspect

        names = [name for part in inspect(weights).parts for name in part.names]
        if not names:
            fix = 'Give --config of its training and --module.'
            raise ConfigError(weights, 'a model of no size in the catalogue', 'a known one', fix)
        entry = CATALOGUE[names[0]]
    return dict(model=dict(entry.model), mean=entry.mean, std=entry.std)


def _fill(module: nn.Module, weights: str, name: str) -> None:
    """Loads a checkpoint of the whole model, or one of the backbone alone."""
    from mmrs.weights.files import read_state_dict
    from mmrs.weights.load import load_pretrained, match, require_coverage

    if weights in CATALOGUE or not name:
        load_pretrained(module, weights)
        return
    state = read_state_dict(weights)
    inside = {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f'{name}.')}
    if not inside:
        load_pretrained(module, weights)
        return
    require_coverage(match(weights, module.state_dict(), inside), 1.0, f'{type(module).__name__} {name!r}')
    module.load_state_dict(inside)


def few_shots(dataset: Any, shots: int, seed: int) -> Any:
    """Some samples of every class, chosen by seed; of maps of classes, as many images as there would be scenes.

    Args:
        dataset: Of mmengine, with classes.
        shots: Samples a class.
        seed: Of the choice.

    Raises:
        DataError: A class has fewer samples.
    """
    import numpy as np
    from torch.utils.data import Subset

    order = np.random.default_rng(seed).permutation(len(dataset))
    labels = [dataset.get_data_info(int(index)).get('gt_label') for index in order]
    if labels[0] is None:
        return Subset(dataset, order[: shots * len(dataset.metainfo['classes'])].tolist())
    chosen: list[int] = []
    for label, name in enumerate(dataset.metainfo['classes']):
        of_class = [int(index) for index, found in zip(order, labels, strict=True) if found == label]
        if len(of_class) < shots:
            fix = 'Ask for fewer, or fill its folder.'
            raise DataError(f'class {name}', f'{len(of_class)} samples', f'{shots} for --shots', fix)
        chosen += of_class[:shots]
    return Subset(dataset, chosen)
