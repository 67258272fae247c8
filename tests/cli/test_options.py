"""``--cfg-options`` are read as OpenMMLab's tools read them."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs.cli.options import add_config_options, parse_value


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('1', 1),
        ('-1e-4', -1e-4),
        ('true', True),
        ('None', None),
        ('adam', 'adam'),
        ('a,b', ['a', 'b']),
        ('1,2.5', [1, 2.5]),
        ('(1,2)', (1, 2)),
        ('[1,2]', [1, 2]),
        ('[a,b]', ['a', 'b']),
        ('[(a,b),(c,d)]', [('a', 'b'), ('c', 'd')]),
        ('"1"', '1'),
        ('/data/a b', '/data/a b'),
        ('', ''),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse_value(text) == value


@given(st.recursive(st.none() | st.booleans() | st.integers(), st.lists, max_leaves=8))
def test_literals_come_back(value: object) -> None:
    assert parse_value(repr(value)) == value


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    return parser.parse_args(arguments)


def test_pairs_accumulate() -> None:
    options = parse('--cfg-options', 'a.b=1', 'c=x=y', '--cfg-options', 'd=2').cfg_options
    assert options == {'a.b': 1, 'c': 'x=y', 'd': 2}


def test_no_pair_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse('--cfg-options', 'nonsense')
    assert caught.value.code == 2
    assert "expected KEY=VALUE, found 'nonsense'" in capsys.readouterr().err
