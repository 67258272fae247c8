"""``mmrs train CONFIG``; ``tools/train.py`` is the same."""

from __future__ import annotations

import argparse
import os

from mmrs.cli.options import add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options, named as in OpenMMLab's tools."""
    parser.add_argument('config', help='path of a config, or its name below configs/')
    help_text = 'continue from PATH, or without PATH from the newest checkpoint of the work dir'
    parser.add_argument('--resume', nargs='?', const=True, default=False, metavar='PATH', help=help_text)
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (float16, on a GPU)')
    parser.add_argument(
        '--amp-dtype', choices=('float16', 'bfloat16'), help='another type for it; bfloat16 on CPUs too'
    )
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size')
    parser.add_argument('--no-validate', action='store_true', help='do not evaluate while training')
    add_config_options(parser)


def run(args: argparse.Namespace) -> int:
    """Trains.

    Returns:
        Exit code.
    """
    from mmrs.apis.config import load_config
    from mmrs.apis.train import train
    from mmrs.engine.console import warnings_to_log
    from mmrs.engine.malloc import keep_freed_memory

    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    resume = False if args.resume == 'none' else True if args.resume == 'auto' else args.resume
    keep_freed_memory()
    config = load_config(args.config, args.cfg_options)
    with warnings_to_log():
        work_dir = train(
            config,
            work_dir=args.work_dir,
            resume=resume,
            amp=args.amp_dtype or args.amp,
            auto_scale_lr=args.auto_scale_lr,
            validate=not args.no_validate,
            launcher=args.launcher,
        )
    if os.environ.get('RANK', '0') == '0':
        print(f'Trained. Logs and checkpoints: {work_dir}')
    return 0
