"""What training and testing share: from a config to mmengine's runner, with errors that name the config."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mmrs.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

# How mmengine words what is really a mistake in the config.
UNKNOWN_TYPE = re.compile(r'(\S+) is not in the (\S+) registry')
WRONG_ARGUMENT = re.compile(r'^(\w+)\.__init__\(\) ((?:got an unexpected|missing).*)', re.DOTALL)


@contextmanager
def blame_config(config: Config) -> Iterator[None]:
    """Turns mmengine's exceptions about a config or its data into one line; anything else passes through.

    Raises:
        ConfigError: A ``type`` is unknown, or its arguments are wrong.
        DataError: A file or folder that the config names is missing.
    """
    name = config.filename or 'config'
    try:
        yield
    except KeyError as error:
        match = UNKNOWN_TYPE.search(str(error))
        if not match:
            raise
        kind, registry = match.group(1).strip('\'"'), match.group(2).split('::')[-1]
        raise _unknown_type(name, kind, registry) from error
    except TypeError as error:
        match = WRONG_ARGUMENT.search(str(error))
        if not match:
            raise
        kind, reason = match.groups()
        fix = f'Compare the config with the arguments of {kind}.'
        raise ConfigError(name, f'type={kind!r} that {_first_line(reason)}', 'arguments that it takes', fix) from error
    except FileNotFoundError as error:
        subject = error.filename or _first_line(str(error))
        fix = 'Set data_root (MMRS_DATA, or --cfg-options data_root=PATH) to where the data is.'
        raise DataError(subject, 'no such file or folder', f'what {name} names', fix) from error


def _unknown_type(name: str, kind: str, registry: str) -> ConfigError:
    from difflib import get_close_matches

    import mmengine.registry

    root = next((r for r in vars(mmengine.registry).values() if getattr(r, 'name', None) == registry), None)
    known: list[str] = []
    for scope, tree in [('', root), *getattr(root, 'children', {}).items()]:
        known += [f'{scope}.{key}'.lstrip('.') for key in getattr(tree, 'module_dict', {})]
    bare = {key.split('.')[-1]: key for key in known}
    near = [bare[match] for match in get_close_matches(kind.split('.')[-1], bare, n=3)]
    fix = f'Did you mean {" or ".join(near)}?' if near else 'Import what defines it through custom_imports.'
    return ConfigError(name, f'type={kind!r}', f'a registered {registry}', fix)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else 'an error without a message'


def build_runner(config: Config) -> Runner:
    """Builds the runner; ``default_scope`` of the config decides which host's parts it uses.

    Args:
        config: With ``work_dir`` and ``launcher`` set.
    """
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    import mmrs.engine
    import mmrs.registry  # noqa: F401

    with blame_config(config):
        return RUNNERS.build(config) if 'runner_type' in config else Runner.from_cfg(config)


def default_work_dir(config: Config) -> str:
    """``work_dir`` of the config, else ``work_dirs/<name of the config file>``."""
    return config.get('work_dir') or str(Path('work_dirs', Path(config.filename or 'run').stem))
