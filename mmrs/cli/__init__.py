"""The ``mmrs`` command. Thin: every subcommand parses options and calls the package."""

from mmrs.cli.main import main

__all__ = ['main']
