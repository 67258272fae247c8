"""``mmrs test CONFIG CHECKPOINT``; ``tools/test.py`` is the same."""

from __future__ import annotations

import argparse
import os
from numbers import Real

from mmrs.cli.options import add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options, named as in OpenMMLab's tools."""
    parser.add_argument('config', help='path of a config, or its name below configs/')
    parser.add_argument('checkpoint', help='checkpoint of that config')
    parser.add_argument('--out', metavar='FILE.pkl', help='store all predictions')
    parser.add_argument('--show-dir', metavar='DIR', help='store pictures of the predictions')
    parser.add_argument('--tta', action='store_true', help='augment at test time')
    add_config_options(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluates and prints the metrics.

    Returns:
        Exit code.
    """
    from mmrs.apis.config import load_config
    from mmrs.apis.test import test
    from mmrs.engine.console import warnings_to_log
    from mmrs.engine.malloc import keep_freed_memory

    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    keep_freed_memory()
    config = load_config(args.config, args.cfg_options)
    with warnings_to_log():
        metrics = test(
            config,
            args.checkpoint,
            work_dir=args.work_dir,
            out=args.out,
            show_dir=args.show_dir,
            tta=args.tta,
            launcher=args.launcher,
        )
    if os.environ.get('RANK', '0') == '0':
        for name, value in sorted(metrics.items()):
            print(f'{name}: {value:.4f}' if isinstance(value, Real) else f'{name}: {value}')
    return 0
