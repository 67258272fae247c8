"""The sets of RS-Semantic: which values of their labels are which class (SkySense++ specification, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from mmrs.errors import ConfigError, DataError
from mmrs.geo.sensors import SENSORS, Sensor

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class SemanticSet:
    """One set.

    Attributes:
        name: Its folder, and ``type`` in its lists.
        values: Value, or colour, of each class in the label rasters; None where none was published.
        aliases: Other names in published lists.
        hr_bands: 1-based bands of high-resolution images, in the order red, green, blue; None takes what is there.
        sensor: Statistics of its high-resolution images.
        cut: Pixels of Sentinel-2 around ``s2_cut_points`` that belong to the image; None: the whole raster does.
    """

    name: str
    values: tuple[int, ...] | tuple[Colour, ...] | None
    aliases: tuple[str, ...] = ()
    hr_bands: tuple[int, ...] | None = None
    sensor: Sensor = SENSORS['rgb']
    cut: int | None = None

    @property
    def classes(self) -> int:
        """Number of classes.

        Raises:
            DataError: Its values were never published.
        """
        if self.values is None:
            fix = f"Give them: palettes={{'{self.name}': [value of class 0, value of class 1, ...]}}."
            raise DataError(self.name, 'no published label values', 'the value of each class in its labels', fix)
        return len(self.values)

    @property
    def coloured(self) -> bool:
        """Whether labels are pictures in colours."""
        return bool(self.values) and not isinstance(self.values[0], int)  # type: ignore[index]


def _upto(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


_GREEN, _BLUE = (0, 255, 0), (0, 0, 255)
_YELLOW, _CYAN, _MAGENTA, _WHITE = (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 255, 255)
_RGB = (1, 2, 3)
_TABLE = (
    SemanticSet('dynamic-mm', _upto(0, 6), hr_bands=(3, 2, 1), sensor=SENSORS['dynamicearthnet']),
    SemanticSet('pastis-mm', _upto(1, 18)),
    SemanticSet('vaihingen', (_YELLOW, _GREEN, _CYAN, _BLUE, _WHITE)),
    SemanticSet('deepglobe', (_WHITE, _BLUE, _GREEN, _MAGENTA, _YELLOW, _CYAN)),
    SemanticSet('potsdam', _upto(1, 5)),
    SemanticSet('fbp', _upto(1, 24)),
    SemanticSet('loveda', _upto(2, 7)),
    SemanticSet('isaid', _upto(1, 15)),
    SemanticSet('jl16-mm', _upto(0, 15)),
    SemanticSet('flair-mm', _upto(1, 18), hr_bands=_RGB, cut=40),
    SemanticSet('s2naip-mm', None),
    SemanticSet('dfc20-mm', _upto(1, 10), aliases=('dfc20',)),
    SemanticSet('c2segab-mm', _upto(1, 13), aliases=('c2seg-ab',)),
    SemanticSet('flood3i', _upto(1, 9)),  # evaluation only
)
SETS: Mapping[str, SemanticSet] = MappingProxyType(
    {name: record for record in _TABLE for name in (record.name, *record.aliases)}
)


def get_set(name: str, palettes: Mapping[str, Sequence[int] | Sequence[Sequence[int]]] | None = None) -> SemanticSet:
    """A set by its name or alias.

    Args:
        name: As in ``type`` of a list.
        palettes: Label values of classes by set: for sets of your own, or instead of the published ones.

    Raises:
        DataError: It is not known.
        ConfigError: A palette names one value twice, or values that are neither 0 to 254 nor colours.
    """
    own = (palettes or {}).get(name)
    record = SETS.get(name)
    if own is None:
        if record is None:
            expected = f'one of {", ".join(sorted(SETS))}'
            raise DataError(name, 'an unknown set', expected, f"Give its values: palettes={{'{name}': [...]}}.")
        return record
    values = tuple(tuple(value) if isinstance(value, Sequence) else value for value in own)
    plain = all(isinstance(value, int) and 0 <= value < 255 for value in values)
    coloured = all(isinstance(value, tuple) and len(value) == 3 for value in values)
    if not values or len(set(values)) < len(values) or not (plain or coloured):
        expected = 'different whole numbers from 0 to 254, or (red, green, blue)'
        raise ConfigError(f'palettes.{name}', f'{list(own)}', expected, 'Name the value of every class once.')
    return replace(record or SemanticSet(name, None), values=values)  # type: ignore[arg-type]
