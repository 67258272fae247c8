"""How ``mmrs weights inspect`` tells what it found."""

from __future__ import annotations

from mmrs.cli.tables import new_table, print_table
from mmrs.weights.catalogue import CATALOGUE
from mmrs.weights.inspection import Inspection, Part


def tell_inspection(found: Inspection) -> None:
    """Prints the file, then each model in it with its fits and its config lines."""
    table = new_table('file', found.path)
    table.add_row('form', f'{found.form}, {found.size / 2**20:,.1f} MiB')
    kinds = ', '.join(f'{count} {kind}' for kind, count in found.dtypes.items())
    table.add_row('tensors', f'{found.tensors} ({kinds})')
    for name, value in found.meta.items():
        table.add_row(name, str(value))
    if found.classes:
        table.add_row('classes', ', '.join(found.classes))
    if found.published_as:
        table.add_row('sha256', f'{found.sha256}: published as {found.published_as}')
    elif found.sha256:
        table.add_row('sha256', f'{found.sha256} (recorded before)')
    if found.code:
        table.add_row('needs code', f'{", ".join(found.code)} (left out, not run)')
    if found.others:
        table.add_row('also holds', ', '.join(f'{name} ({count})' for name, count in found.others.items()))
    print_table(table)
    for part in found.parts:
        _tell_part(part)


def _tell_part(part: Part) -> None:
    where = f'under {part.prefix!r}' if part.prefix else 'the whole file'
    print(f'\n{where}: {part.key_format} names, {part.tensors} tensors, {part.parameters / 1e6:,.2f} M parameters')
    names = part.names
    print(f'  is: {" or ".join(names) or "of no size in the catalogue"}')
    if part.in_channels is not None:
        bands = CATALOGUE[names[0]].bands if names else ()
        known = ', '.join(bands) if len(bands) == part.in_channels else 'bands unknown'
        print(f'  input: {part.in_channels} channels ({known})')
    table = new_table('  fills', 'coverage', 'enough', 'remarks')
    for fit in part.fits:
        remarks = {
            'resized': fit.resized,
            'missing': fit.missing,
            'other shape': fit.mismatched,
            'unexpected': fit.unexpected,
        }
        told = [
            f'{len(items)} {title} ({items[0]}{", ..." if len(items) > 1 else ""})'
            for title, items in remarks.items()
            if items
        ]
        table.add_row(f'  {fit.name}', f'{fit.coverage:.1%}', 'yes' if fit.enough else '-', '; '.join(told))
    print_table(table)
    if part.config:
        print(f'\n{part.config}')
