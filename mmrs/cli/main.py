"""Entry point of the ``mmrs`` command: builds the parser, runs one subcommand, reports errors in one line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from mmrs.errors import MmrsError
from mmrs.version import __version__

# Subcommand -> one-line help. Module ``mmrs.cli.<name>`` has ``add_arguments(parser)`` and ``run(args) -> int``;
# it imports torch and the OpenMMLab packages inside ``run`` only, so that help texts and listings stay instant.
COMMANDS = {
    'predict': 'map georeferenced scenes with a trained model',
    'train': 'train a model from a config',
    'test': 'evaluate a checkpoint',
    'weights': 'list, convert and verify pretrained weights',
    'data': 'list, download, check and draw datasets',
    'zoo': 'list, explain and check the configs that come with mmrs',
    'doctor': 'check the installation and say how to mend it',
}


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Builds the parser; only the module of ``command`` is imported.

    Args:
        command: Subcommand whose options are wanted; None imports none of them.
    """
    parser = argparse.ArgumentParser(prog='mmrs', description='Remote-sensing foundation models for OpenMMLab.')
    parser.add_argument('--version', action='version', version=f'mmrs {__version__}')
    subparsers = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, help_text in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=help_text, description=f'{help_text[0].upper()}{help_text[1:]}.')
        if name == command:
            importlib.import_module(f'mmrs.cli.{name}').add_arguments(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: Arguments without the program name; None takes ``sys.argv``.

    Returns:
        Exit code: 0 on success, 1 on bad input, 2 on wrong usage (by argparse), 130 when interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((argument for argument in arguments if argument in COMMANDS), None)
    args = build_parser(command).parse_args(arguments)
    try:
        status = importlib.import_module(f'mmrs.cli.{args.command}').run(args)
        if sys.stdout is not None:  # closed by the caller, as in `mmrs ... >&-`
            sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has seen enough, as in `mmrs weights list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MmrsError as error:
        print(f'mmrs {args.command}: error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f'mmrs {args.command}: interrupted', file=sys.stderr)
        return 130
    except Exception as error:
        print(f'mmrs {args.command}: error: {_describe_unforeseen(args.command, error)}', file=sys.stderr)
        return 1


def _describe_unforeseen(command: str, error: Exception) -> str:
    """One line about an exception that nobody translated; its traceback goes to a file, for whoever mends it."""
    import tempfile
    import traceback

    text = ' '.join(str(error).split())
    name = f'{type(error).__name__}: {text}' if text else type(error).__name__
    try:
        with tempfile.NamedTemporaryFile('w', prefix=f'mmrs-{command}-', suffix='.log', delete=False) as file:
            traceback.print_exception(error, file=file)
    except OSError:  # a full disk, most likely: then the screen has to do
        traceback.print_exception(error)
        return name
    return f'{name} (traceback: {file.name})'
