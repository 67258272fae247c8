"""The part of ``mmrs predict`` that classifies images: to CSV instead of maps."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmrs.cli.progress import passing_bar
from mmrs.errors import ConfigError


def is_classifier(args: argparse.Namespace) -> bool:
    """Whether the config is one of mmpretrain; a config that cannot be read is left to who reports it."""
    from mmrs.apis.config import load_config

    try:
        return load_config(args.config, args.cfg_options).get('default_scope') == 'mmpretrain'
    except ConfigError:
        return False


def classify(args: argparse.Namespace) -> int:
    """Classifies the images behind ``args.scenes``; returns 1 if one could not be read."""
    import torch

    from mmrs.apis.classify import classify_images, find_images, load_classifier

    images = find_images(args.scenes)
    out = Path(args.out)
    target = out if out.suffix.lower() == '.csv' else out / 'classes.csv'
    if target.exists() and not args.overwrite:
        raise ConfigError(target, 'a file from before', 'no file of this name', 'Add --overwrite or name another one.')
    if args.dry_run:
        picture = '' if args.no_quicklook else ', with a picture of some of them'
        print(f'{len(images)} images would be classified into {target}{picture}')
        return 0
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    model = load_classifier(args.config, args.checkpoint, device, args.cfg_options)
    with passing_bar() as bar:
        task = bar.add_task('classifying')
        errors = classify_images(
            model,
            images,
            target,
            args.batch_size or 16,
            lambda done, total: bar.update(task, completed=done, total=total),
            None if args.no_quicklook else target.with_name(f'{target.stem}_quicklook.png'),
        )
    for error in errors:
        print(f'mmrs predict: error: {error}', file=sys.stderr)
    print(f'{target}: {len(images) - len(errors)} of {len(images)} images')
    return 1 if errors else 0
