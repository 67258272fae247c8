"""What decides which patches a build makes, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from mmrs.errors import ConfigError

MODALITIES = ('optical', 'sar')
CHOICES = {
    'judged': ('sar', 'optical', 'both'),
    'grid': ('sar', 'optical'),
    'small': ('refuse', 'mirror'),
    'form': ('geotiff', 'webdataset'),
    'compress': ('deflate', 'zstd', 'lzw', 'none'),
}
LIMITS: dict[str, tuple[float, float]] = {
    'tile': (16, 16384),
    'max_invalid': (0, 1),
    'max_cloud': (0, 1),
    'duplicate_bits': (-1, 15),
    'val_share': (0, 1),
    'shard_size': (1, 10**6),
    'seed': (0, 2**63 - 1),
}


@dataclass(frozen=True)
class BuildOptions:
    """Options of a build; equal options and scenes make equal files.

    Attributes:
        tile: Side of a patch in pixels.
        max_invalid: Share of missing samples from which on a patch is dropped (MaRS specification, section 3.2).
        max_cloud: Share of clouds beyond which a patch is dropped; 1 keeps them all.
        judged: Modality whose missing samples count: ``'sar'`` (as published), ``'optical'`` or ``'both'``.
        grid: Modality whose grid the patches have; the other one is warped where its grid differs.
        small: Scenes smaller than a tile: ``'refuse'`` or ``'mirror'`` at the lower and right edge.
        duplicate_bits: Bits of 64 in which the hashes of near-identical patches may differ; -1 keeps them all.
        val_share: Share of the ground that is for validation.
        block: Side in metres of the blocks of ground that are split; None: 8 of the largest patches.
        seed: Draws the blocks.
        form: ``'geotiff'`` files or ``'webdataset'`` shards.
        shard_size: Patches in a shard.
        compress: Compression of the GeoTIFFs, in shards too.
        optical_bands: 1-based bands to take; None takes all.
        sar_bands: Likewise.
    """

    tile: int = 1024
    max_invalid: float = 0.3
    max_cloud: float = 1.0
    judged: str = 'sar'
    grid: str = 'sar'
    small: str = 'refuse'
    duplicate_bits: int = 3
    val_share: float = 0.1
    block: float | None = None
    seed: int = 0
    form: str = 'geotiff'
    shard_size: int = 500
    compress: str = 'deflate'
    optical_bands: tuple[int, ...] | None = None
    sar_bands: tuple[int, ...] | None = None

    def check(self) -> None:
        """Refuses what cannot be built.

        Raises:
            ConfigError: Naming the option.
        """
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ConfigError(_option(name), repr(value), f'one of {", ".join(choices)}', 'Choose one of them.')
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(_option(name), str(value), f'{low:g} to {high:g}', 'Choose a value in this range.')
        if self.block is not None and not 1 <= self.block <= 1e6:
            raise ConfigError('--block', f'{self.block:g} m', '1 to 1,000,000 m', 'Choose a value in this range.')

    def bands(self, modality: str) -> tuple[int, ...] | None:
        """Bands to take of a modality.

        Args:
            modality: ``'optical'`` or ``'sar'``.
        """
        return self.optical_bands if modality == 'optical' else self.sar_bands


def _option(name: str) -> str:
    return f'--{name.replace("_", "-")}'
