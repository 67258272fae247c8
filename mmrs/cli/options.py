"""Options that several subcommands share. Imports neither torch nor an OpenMMLab package."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence
from typing import Any

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


class KeyValues(argparse.Action):
    """``key=value key.part=[1,2]`` as a dict; values are read as OpenMMLab's tools read them.

    A value is a number, ``True``, ``False``, ``None``, a list or tuple (``a,b`` and ``[(1,2),(3,4)]`` alike), or else
    a string. The option may be repeated.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Stores the pairs; wrong ones end the program as a usage error."""
        pairs = dict(getattr(namespace, self.dest) or {})
        for text in [values] if isinstance(values, str) else values or ():
            key, separator, value = text.partition('=')
            if not key or not separator:
                parser.error(f'argument {option_string}: expected KEY=VALUE, found {text!r}')
            pairs[key] = parse_value(value)
        setattr(namespace, self.dest, pairs)


def parse_value(text: str) -> Any:
    """Reads the value of a ``KEY=VALUE`` option.

    Args:
        text: ``0.1``, ``true``, ``None``, ``[1,2]``, ``a,b`` or any string.
    """
    text = text.strip()
    lowered = text.lower()
    if lowered in ('true', 'false'):
        return lowered == 'true'
    if lowered == 'none':
        return None
    try:
        literal = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    else:
        return list(literal) if isinstance(literal, tuple) and text[0] != '(' else literal
    opening, closing = text[:1], text[-1:]
    if (opening, closing) in (('[', ']'), ('(', ')')):
        parts = [parse_value(part) for part in _split(text[1:-1])]
        return parts if opening == '[' else tuple(parts)
    parts = _split(text)
    return [parse_value(part) for part in parts] if len(parts) > 1 else text.strip('\'"')


def _split(text: str) -> list[str]:
    """Parts between the commas that lie in no brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in '[(') - (character in '])')
        if character == ',' and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [part for part in [*parts, text[start:]] if part.strip()]


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Adds what ``mmrs train`` and ``mmrs test`` share."""
    parser.add_argument('--work-dir', metavar='DIR', help='folder of logs and checkpoints (work_dirs/<config name>)')
    help_text = 'override keys of the config, e.g. train_cfg.max_iters=100 data_root=/data/loveda'
    parser.add_argument('--cfg-options', nargs='+', action=KeyValues, metavar='KEY=VALUE', help=help_text)
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='what started the processes')
    # torch.distributed.launch passes this; torchrun sets LOCAL_RANK instead.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=None, help=argparse.SUPPRESS)
