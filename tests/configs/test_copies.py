"""No config is a copy of another: sizes of one family share a recipe, and a leaf says the size alone."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from mmrs.apis.config import config_root, list_configs
from mmrs.models.backbones.cgeartheye import SIZES

# What differs between sizes, in words and in numbers of blocks and channels.
NUMBERS = {number for size in SIZES.values() for number in (size.embed_dims, 2 * size.embed_dims, size.num_layers)}
SIZE = re.compile(rf'\b({"|".join([*SIZES, *map(str, NUMBERS)])})\b')


def statements(path: Path) -> list[str]:
    """The code of a config, statement by statement, without comments and docstring."""
    return [ast.unparse(node) for node in ast.parse(path.read_text()).body if not isinstance(node, ast.Expr)]


def families() -> dict[str, list[str]]:
    """Configs by their code without sizes."""
    found = defaultdict(list)
    for name in list_configs():
        found[SIZE.sub('SIZE', '\n'.join(statements(config_root() / name)))].append(name)
    return found


FAMILIES = {min(names): code for code, names in families().items() if len(names) > 1}


@pytest.mark.parametrize('name', FAMILIES)
def test_leaves_that_differ_by_their_size_say_no_more(name: str) -> None:
    lines = FAMILIES[name].splitlines()
    assert len(lines) == 2, f'{name}: move what its sizes share to configs/_base_/recipes'
    assert lines[0].startswith('_base_ = ') and lines[1].startswith('model = ')
    assert not re.search(r'\d', lines[1]), 'numbers of a size belong to configs/_base_/sizes'


def test_sizes_are_found_as_families() -> None:
    assert {
        'cgeartheye/cgeartheye-base_rhino_60e_dior-r-784.py',
        'mars/mars-base_cascade_12e_sardet-100k-512.py',
    } <= set(FAMILIES)
