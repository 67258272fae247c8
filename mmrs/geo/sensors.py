"""Sensors by name: their bands and the statistics that images are normalised with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from mmrs.errors import RasterError

if TYPE_CHECKING:
    from mmrs.geo.scene import Scene


@dataclass(frozen=True)
class Sensor:
    """What a model must know about the images it was trained on.

    Attributes:
        name: Key in ``SENSORS``.
        bands: Names in channel order.
        mean: Mean of each band, in pixel units times ``scale``.
        std: Standard deviation of each band, likewise.
        source: Where the statistics come from.
        scale: Factor from stored pixels to the unit of ``mean`` and ``std``.
        nodata: Value of missing pixels, where the sensor has a customary one.
        gsd: Ground sampling distance in metres, where the sensor has one.
    """

    name: str
    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    scale: float = 1.0
    nodata: float | None = None
    gsd: float | None = None

    def __post_init__(self) -> None:
        if not len(self.bands) == len(self.mean) == len(self.std):
            raise ValueError(
                f'{self.name}: {len(self.bands)} bands, {len(self.mean)} means, {len(self.std)} deviations'
            )


_RGB = ('red', 'green', 'blue')
_S2_BANDS = ('B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B8A', 'B11', 'B12')
_TABLE = (
    Sensor('rgb', _RGB, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), 'ImageNet, 8 bits'),
    Sensor('mars-rgb', _RGB, (87.01, 91.52, 83.51), (62.66, 54.58, 53.11), 'MaRS-16M, 8 bits', gsd=0.35),
    Sensor('umbra', ('amplitude',), (36.42,), (33.89,), 'MaRS-16M, 8 bits', gsd=0.35),
    Sensor('capella', ('amplitude',), (2353.35,), (4327.07,), 'MaRS-16M, 16 bits', gsd=0.35),
    Sensor(
        'sentinel2-l2a',
        _S2_BANDS,
        (884.29673756, 1144.16202635, 1297.47289228, 1624.90992062, 2194.6423161)
        + (2422.21248945, 2517.76053101, 2581.64687018, 2368.51236873, 1805.06846033),
        (1155.15170768, 1183.6292542, 1368.11351514, 1370.265037, 1355.55390699)
        + (1416.51487101, 1474.78900051, 1439.3086061, 1455.52084939, 1343.48379601),
        'SkySense++, reflectance x 10,000',
        nodata=0,
        gsd=10.0,
    ),
    Sensor(
        'sentinel1-grd',
        ('VV', 'VH'),
        (-12.54847273, -20.19237134),
        (5.25697717, 5.91150917),
        'SkySense++, backscatter in dB',
        gsd=10.0,
    ),
    Sensor(
        'dynamicearthnet',
        _RGB,
        (1085.2941, 944.2718, 689.2493),
        (1008.4052, 760.9586, 631.4754),
        'SkySense++, DynamicEarthNet, 16 bits',
        gsd=3.0,
    ),
    Sensor('synthetic-sar', ('backscatter',), (-14.0,), (6.0,), '`mmrs data synth`, dB'),
    # Statistics that segmentation and detection datasets are normalised with; see mmrs.datasets.catalogue.
    Sensor(
        'atlantic-s2',
        ('B4', 'B3', 'B2', 'B8'),
        (537.941, 615.789, 343.448, 3010.642),
        (367.460, 254.247, 187.544, 921.079),
        'SkySense++, Atlantic; order of the bands judging by the means',
        gsd=10.0,
    ),
    Sensor(
        'c2smsfloods-s2',
        _S2_BANDS,
        (1381.26, 1302.05, 1179.27, 1393.56, 2164.76, 2561.75, 2377.94, 2791.13, 1998.09, 1196.08),
        (653.25, 659.61, 779.58, 720.45, 871.09, 1035.57, 965.36, 1141.71, 1019.73, 825.01),
        'SkySense++, C2SMS floods',
        gsd=10.0,
    ),
    Sensor(
        'cabuar-s2',
        _S2_BANDS,
        (4.500, 6.099, 7.508, 9.546, 12.826, 14.291, 15.246, 15.739, 16.604, 12.310),
        (2.609, 2.496, 1.371, 2.609, 2.496, 1.371, 2.609, 2.496, 1.371, 1.371),
        'SkySense++, CABUAR; the deviations look like placeholders',
        gsd=10.0,
    ),
    Sensor(
        'germany-s2',
        _S2_BANDS,
        (2482.01, 2456.64, 2667.82, 2744.94, 3620.15, 4063.91, 3922.24, 4264.91, 2453.01, 1774.00),
        (2392.13, 2100.14, 2262.62, 2353.90, 2089.60, 2057.12, 2013.21, 2041.02, 1380.46, 1243.55),
        'SkySense++, Germany crops',
        gsd=10.0,
    ),
    Sensor('sos-sar', ('VV', 'VV', 'VV'), (83.37,) * 3, (40.45,) * 3, 'SkySense++, SOS, 8-bit grey three times'),
    Sensor(
        'earthmiss-rgb', _RGB, (111.973, 118.424, 115.031), (72.971, 72.985, 81.918), 'EarthMiss, 0 to 255', gsd=0.6
    ),
    Sensor('earthmiss-sar', ('amplitude',), (63.3005,), (68.2041,), 'EarthMiss, 0 to 255', gsd=0.6),
    Sensor(
        'ubcv2',
        (*_RGB, 'amplitude'),
        (123.675, 116.28, 103.53, 0.2634),
        (58.395, 57.12, 57.375, 0.5957),
        'MaRS, UBCv2: 8-bit RGB and SAR stacked',
    ),
)
SENSORS: Mapping[str, Sensor] = MappingProxyType({sensor.name: sensor for sensor in _TABLE})


def check_bands(sensor: Sensor, scene: Scene) -> None:
    """Refuses a scene whose bands are not those of a sensor.

    Names are compared only where the scene names every band with one of the sensor's names: many files say nothing.

    Args:
        sensor: What the model was trained on.
        scene: What it is given.

    Raises:
        RasterError: If the number or the order of bands differs; it names the sensor and the scene.
    """
    expected = f'the {len(sensor.bands)} band(s) of sensor {sensor.name}: {", ".join(sensor.bands)}'
    numbers = ', '.join(map(str, scene.bands))
    if len(scene.bands) != len(sensor.bands):
        fix = f'Select {len(sensor.bands)} of its bands in this order, or use a model for this sensor.'
        if len(scene.bands) + len(scene.alpha_bands) == len(sensor.bands):
            every = ','.join(map(str, sorted(scene.bands + scene.alpha_bands)))
            fix = f'Band {scene.alpha_bands[0]} is marked as alpha; if it is data, select bands {every}.'
        if scene.colormap:
            fix = 'It is a palette image: expand it first (gdal_translate -expand rgb IN OUT).'
        raise RasterError(scene.path, f'{len(scene.bands)} band(s) ({numbers})', expected, fix)
    names = [_plain(name) for name in scene.band_names]
    wanted = [_plain(name) for name in sensor.bands]
    if names != wanted and set(names) <= set(wanted):
        order = [str(scene.bands[names.index(name)]) if name in names else '?' for name in wanted]
        fix = f'Select bands {",".join(order)}.' if '?' not in order else 'Select each band once.'
        raise RasterError(scene.path, f'bands {", ".join(scene.band_names)}', expected, fix)


def _plain(name: str) -> str:
    """Band name without case and leading zeros: B02 and b2 are one band."""
    name = name.strip().lower()
    return name[0] + name[1:].lstrip('0') if name[:1] == 'b' and name[1:].isalnum() else name
