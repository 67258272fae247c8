"""What training and testing share: from a config to mmengine's runner, with errors that name the config."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import mmrs.errors
from mmrs.errors import ConfigError, DataError, MmrsError

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

# How mmengine, mmcv and torch word what is really a mistake in the config or a bad file.
UNKNOWN_TYPE = re.compile(r'(\S+) is not in the (\S+) registry')
WRONG_ARGUMENT = re.compile(r'^(\w+)\.__init__\(\) ((?:got an unexpected|missing).*)', re.DOTALL)
UNREADABLE_IMAGE = re.compile(r'failed to load image: (.+)')
# torch rebuilds an exception of a loader's worker from its text alone, which ours, with four fields, do not allow.
OURS_IN_WORKER = re.compile(r'mmrs\.errors\.(\w+): (.*?): found (.*); expected (.*?)\. (.*)', re.DOTALL)
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


@contextmanager
def blame_config(config: Config) -> Iterator[None]:
    """Turns exceptions about a config, its data or its work dir into one line; anything else passes through.

    Raises:
        ConfigError: A ``type`` is unknown, its arguments are wrong, or ``work_dir`` cannot be written.
        DataError: A file or folder that the config names is missing or unreadable.
        MmrsError: Whatever one of our datasets raised in a worker process.
    """
    try:
        yield
    except MmrsError:
        raise
    except Exception as error:
        translated = _translate(config, error)
        if translated is None:
            raise
        raise translated from error


def _translate(config: Config, error: Exception) -> MmrsError | None:
    name, text = config.filename or 'config', str(error)
    if isinstance(error, KeyError) and (match := UNKNOWN_TYPE.search(text)):
        return _unknown_type(name, match.group(1).strip('\'"'), match.group(2).split('::')[-1])
    if isinstance(error, TypeError) and (match := WRONG_ARGUMENT.search(text)):
        found = f'type={match.group(1)!r} that {match.group(2).splitlines()[0]}'
        fix = f'Compare the config with the arguments of {match.group(1)}.'
        return ConfigError(name, found, 'arguments that it takes', fix)
    if isinstance(error, TypeError) and text == 'None is not a callable object':
        # What mmengine makes of an optimizer that its registry does not hold.
        return _unknown_type(name, str(config.optim_wrapper.optimizer.get('type')), 'optimizer')
    if isinstance(error, OSError) and (error.errno in UNWRITABLE or _inside(error.filename, config.get('work_dir'))):
        found = f'that it cannot be written ({error.strerror})'
        fix = 'Free space or choose another --work-dir; checkpoints are intact, so continue with --resume.'
        return ConfigError(error.filename or config.work_dir, found, 'a folder with room', fix)
    if isinstance(error, FileNotFoundError):
        subject = error.filename or text.strip().splitlines()[-1]
        fix = 'Set data_root (MMRS_DATA, or --cfg-options data_root=PATH) to where the data is.'
        return DataError(subject, 'no such file or folder', f'what {name} names', fix)
    if isinstance(error, RuntimeError) and (match := OURS_IN_WORKER.search(text)):
        kind = getattr(mmrs.errors, match.group(1), MmrsError)
        return kind(*(part.strip() for part in match.groups()[1:]))
    if match := UNREADABLE_IMAGE.search(text):
        return DataError(match.group(1), 'a damaged image', 'one that can be decoded', 'Copy or fetch it again.')
    return None


def _inside(path: object, folder: str | None) -> bool:
    return (
        isinstance(path, str) and folder is not None and Path(path).absolute().is_relative_to(Path(folder).absolute())
    )


def _unknown_type(name: str, kind: str, registry: str) -> ConfigError:
    from difflib import get_close_matches

    import mmengine.registry

    root = next((r for r in vars(mmengine.registry).values() if getattr(r, 'name', None) == registry), None)
    known: list[str] = []
    for scope, tree in [('', root), *getattr(root, 'children', {}).items()]:
        known += [f'{scope}.{key}'.lstrip('.') for key in getattr(tree, 'module_dict', {})]
    bare = {key.split('.')[-1]: key for key in known}
    near = [bare[match] for match in get_close_matches(kind.split('.')[-1], bare, n=3)]
    elsewhere = 'Set default_scope to its host, or import what defines it through custom_imports.'
    fix = f'Did you mean {" or ".join(near)}?' if near else elsewhere
    return ConfigError(name, f'type={kind!r}', f'a registered {registry}', fix)


def build_runner(config: Config) -> Runner:
    """Builds the runner; ``default_scope`` of the config decides which host's parts it uses.

    Unless the config names a ``runner_type`` it is one that keeps the set-up off the screen and in the log.

    Args:
        config: With ``work_dir`` and ``launcher`` set.
    """
    from mmengine.registry import RUNNERS

    import mmrs.engine
    import mmrs.registry  # noqa: F401
    from mmrs.engine.console import QuietRunner, import_host

    with blame_config(config):
        import_host(config.get('default_scope'))
        return RUNNERS.build(config) if 'runner_type' in config else QuietRunner.from_cfg(config)


def default_work_dir(config: Config) -> str:
    """``work_dir`` of the config, else ``work_dirs/<name of the config file>``."""
    return config.get('work_dir') or str(Path('work_dirs', Path(config.filename or 'run').stem))
