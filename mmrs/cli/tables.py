"""Tables of the command line, loaded only when one is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def new_table(*columns: str) -> Table:
    """Starts a table without lines."""
    from rich.table import Table

    table = Table(box=None, header_style='bold', pad_edge=False)
    for column in columns:
        table.add_column(column, overflow='fold')
    return table


def print_table(table: Table) -> None:
    """Prints a table; piped, it keeps its full width, so that lines stay whole for grep."""
    from rich.console import Console

    console = Console()
    Console(width=None if console.is_terminal else 240, soft_wrap=False).print(table)
