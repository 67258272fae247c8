"""Finds, reads and checks a config: by path, or by its name below ``configs/``."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mmrs
from mmrs.errors import ConfigError

if TYPE_CHECKING:
    from mmengine.config import Config

# A misspelt `trian_cfg` is this similar to the key that was meant; `tta_cfg` and `test_cfg` are not.
TYPO_SIMILARITY = 0.88
# Variables of a config that pipelines copy; an option that changes one changes its copies.
FOLLOWED = ('photometric',)


def config_root() -> Path:
    """Folder of the configs that come with mmrs: inside an installed package, beside a checkout's one."""
    package = Path(mmrs.__file__).parent
    inside = package / 'configs'
    return inside if inside.is_dir() else package.parent / 'configs'


def list_configs() -> list[str]:
    """Names of all configs that can be run, e.g. ``quickstart/segmentation.py``; bases are left out."""
    root = config_root()
    names = (path.relative_to(root).as_posix() for path in root.rglob('*.py'))
    return sorted(name for name in names if not name.startswith('_base_/'))


def find_config(name: str | os.PathLike[str]) -> Path:
    """Resolves a config argument.

    Args:
        name: A path, or a name below ``configs/`` with or without ``.py``.

    Raises:
        ConfigError: There is no such file; names of similar configs are given.
    """
    path, text = Path(name), os.fspath(name)
    candidates = [path, config_root() / text, config_root() / f'{text}.py']
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is not None:
        return found
    names = list_configs()
    stems = {Path(known).stem: known for known in names}
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    near += [stems[stem] for stem in difflib.get_close_matches(path.stem, stems, n=3, cutoff=0.6)]
    hint = f'Did you mean {" or ".join(dict.fromkeys(near))}?' if near else f'Configs are in {config_root()}.'
    raise ConfigError(text, 'no such file', 'a path or a name below configs/', hint)


def load_config(name: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> Config:
    """Reads a config and applies ``--cfg-options``.

    ``data_root`` among the options moves every path of the config that lies below the old ``data_root``, because a
    config has copied the variable into its dataloaders by the time that options are merged. ``photometric`` likewise
    changes every transform that equals it.

    Args:
        name: See :func:`find_config`.
        options: Dotted key -> value.

    Raises:
        ConfigError: The file is missing or broken, or a key is misspelt.
    """
    from mmengine.config import Config

    path = find_config(name)
    try:
        config = Config.fromfile(str(path))
    except Exception as error:  # a config is Python: anything can go wrong in it
        reason = f'{type(error).__name__}: {error}'
        raise ConfigError(path, reason, 'a config that mmengine can read', 'Mend the config.') from error
    options = dict(options or {})
    _check_options(path, config, options)
    if isinstance(options.get('data_root'), str) and isinstance(config.get('data_root'), str):
        moved = _moved(config.to_dict(), config.data_root, options['data_root'])
        config = Config(moved, filename=config.filename)
    try:
        config = _followed(config, options)
        config.merge_from_dict(options)
    except (KeyError, TypeError, IndexError) as error:
        fix = 'Compare the keys with the config (mmengine prints it at the start of a run).'
        raise ConfigError(path, f'--cfg-options that do not fit: {error}', 'keys of the config', fix) from error
    _check_keys(path, config)
    return config


def _known_keys() -> set[str]:
    """Top-level keys that mmengine's runner reads."""
    from mmengine.runner import Runner

    runner = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
    return runner | {'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters', 'compile', 'tta_model', 'tta_pipeline'}


def _check_options(path: Path, config: Config, options: Mapping[str, Any]) -> None:
    known = _known_keys() | set(config)
    for key in options:
        top = key.split('.')[0]
        if top not in known:
            near = difflib.get_close_matches(top, sorted(known), n=1)
            fix = f'Did you mean {near[0]!r}?' if near else 'See the keys of the config.'
            raise ConfigError(f'--cfg-options {key}', f'no key {top!r} in {path}', 'a key of the config', fix)


def _check_keys(path: Path, config: Config) -> None:
    # `test_pipeline`, a variable of nearly every config, is no misspelt `tta_pipeline`.
    known = _known_keys() - {'tta_model', 'tta_pipeline'}
    for key in set(config) - known:
        near = difflib.get_close_matches(key, sorted(known - set(config)), n=1, cutoff=TYPO_SIMILARITY)
        if near:
            raise ConfigError(path, f'the unknown key {key!r}', f'{near[0]!r}', f'Rename it to {near[0]!r}.')


def _followed(config: Config, options: Mapping[str, Any]) -> Config:
    """The config with the copies of ``FOLLOWED`` variables changed as the options change the variable."""
    from mmengine.config import Config

    for name in FOLLOWED:
        own = {key: value for key, value in options.items() if key.split('.')[0] == name}
        if own and name in config:
            tree = config.to_dict()
            changed = Config({name: tree[name]})
            changed.merge_from_dict(own)
            config = Config(_replaced(tree, tree[name], changed.to_dict()[name]), filename=config.filename)
    return config


def _replaced(node: Any, old: Any, new: Any) -> Any:
    """Copy of a config tree with another value wherever the old one stands."""
    if node == old:
        return new
    if isinstance(node, Mapping):
        return {key: _replaced(value, old, new) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_replaced(value, old, new) for value in node)
    return node


def _moved(node: Any, old: str, new: str) -> Any:
    """Copy of a config tree in which paths at or below ``old`` lie below ``new``."""
    if isinstance(node, Mapping):
        return {key: _moved(value, old, new) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_moved(value, old, new) for value in node)
    if isinstance(node, str) and (node == old or node.startswith(old.rstrip('/') + '/')):
        return new + node[len(old) :]
    return node
