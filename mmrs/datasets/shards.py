"""Where the samples of WebDataset shards lie: plain tar files, whose members are read in place."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmrs.datasets.layout import Problem

BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Member:
    """A file in a shard.

    Attributes:
        offset: Its first byte.
        size: Bytes.
    """

    offset: int
    size: int

    def gdal_path(self, shard: str | os.PathLike[str]) -> str:
        """A name under which GDAL reads it, from the shard and without a copy.

        Args:
            shard: The tar file.
        """
        return f'/vsisubfile/{self.offset}_{self.size},{os.fspath(shard)}'

    def read(self, shard: str | os.PathLike[str]) -> bytes:
        """Its content.

        Args:
            shard: The tar file.

        Raises:
            OSError: If it cannot be read.
        """
        with open(shard, 'rb') as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass
class Shard:
    """What a tar file holds.

    Attributes:
        path: The file.
        samples: Members by suffix (``'rgb.tif'``), by sample; a name ends where its first dot is, as in WebDataset.
        problems: What is wrong with it; its samples are then those before the damage.
    """

    path: Path
    samples: dict[str, dict[str, Member]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_shard(path: str | os.PathLike[str], wanted: Sequence[str]) -> Shard:
    """Lists a shard by the headers of its members; their content is not read.

    Args:
        path: The tar file.
        wanted: Suffixes that every sample needs; a sample that lacks one is a problem.

    Returns:
        Samples in the order of the file, and problems of kind ``shard`` (it does not open, is cut off or damaged)
        and ``unpaired``.
    """
    shard = Shard(Path(path))
    found: dict[str, dict[str, Member]] = {}
    try:
        with tarfile.open(path, 'r:') as archive:
            for member in archive:
                folder, name = os.path.split(member.name)
                key, dot, suffix = name.partition('.')
                if member.isfile() and dot:
                    found.setdefault(os.path.join(folder, key), {})[suffix] = Member(member.offset_data, member.size)
            _check_end(archive)
    except (OSError, tarfile.TarError, EOFError) as error:
        shard.problems.append(Problem('shard', os.fspath(path), f'{error} after {len(found)} samples'))
        if found:
            found.popitem()  # it may be the one that is cut off
    for key, members in found.items():
        lacking = [suffix for suffix in wanted if suffix not in members]
        if lacking:
            shard.problems.append(Problem('unpaired', f'{path}: {key}', f'no member {" and no ".join(lacking)}'))
        else:
            shard.samples[key] = members
    return shard


def _check_end(archive: tarfile.TarFile) -> None:
    """A tar file ends in empty blocks: one that was cut off between two members has none."""
    assert archive.fileobj is not None
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(BLOCK) != bytes(BLOCK):
        raise tarfile.ReadError('no end mark: it is cut off or damaged')
