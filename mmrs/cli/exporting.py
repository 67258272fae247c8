"""How ``mmrs weights export`` asks and tells."""

from __future__ import annotations

import argparse

from mmrs.cli.tables import new_table, print_table


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``mmrs weights export``."""
    parser.add_argument('source', metavar='CHECKPOINT', help='what a pretraining wrote, such as iter_10000.pth')
    parser.add_argument('-o', '--output', metavar='FILE', required=True, help='.safetensors, .pth or .pt')
    parts = 'teacher.backbone, encoder_rgb, encoder_sar, backbone_hr, backbone_s2, backbone_s1, fusion, or a prefix'
    parser.add_argument('--part', help=f'{parts} (the only one that is there)')
    parser.add_argument('--to', metavar='NAMING', help="naming of FILE, such as mmrs (that of the system's releases)")
    parser.add_argument('--overwrite', action='store_true', help='replace FILE')
    parser.add_argument('--dry-run', action='store_true', help='print what would be written')


def run_export(args: argparse.Namespace) -> int:
    """Exports, and says how the file is used."""
    from mmrs.errors import ConfigError
    from mmrs.weights.convert import KeyFormat
    from mmrs.weights.export import export

    try:
        naming = KeyFormat(args.to) if args.to else None
    except ValueError:
        known = ', '.join(item.value for item in KeyFormat if item is not KeyFormat.UNKNOWN)
        raise ConfigError('--to', repr(args.to), f'one of {known}', 'Correct the name.') from None
    done = export(args.source, args.output, args.part, naming, overwrite=args.overwrite, dry_run=args.dry_run)
    if done.target is None:
        table = new_table('tensor', 'shape')
        for name, shape in done.names:
            table.add_row(name, ' x '.join(map(str, shape)) or 'scalar')
        print_table(table)
    at = '' if done.iteration is None else f' at iteration {done.iteration}'
    print(
        f'{done.source}: {done.part}{at}, {len(done.names)} tensors, {done.parameters / 1e6:,.2f} M parameters as '
        f'{done.naming.value}; {done.left} left out: {done.target or "not written (dry run)"}'
    )
    if done.target is not None and done.model is not None:
        load = f"init_cfg=dict(type='mmrs.Pretrained', checkpoint={str(done.target)!r})"
        place = 'neck' if done.part == 'fusion' else 'backbone'
        print(f'in a config, with the size that was trained:\n  {place}=dict(type={done.model!r}, ..., {load})')
    return 0
