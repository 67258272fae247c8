"""Records of the zoo: one for each config, with what was published and what was measured with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

NOT_TRAINED = 'not trained here'


@dataclass(frozen=True)
class Published:
    """A score that somebody else states.

    Attributes:
        metrics: Name to value, in the unit of the source's table times 100 where that gives per cent.
        source: Paper, table, repository.
        protocol: How it was measured there.
    """

    metrics: Mapping[str, float] = field(hash=False)
    source: str
    protocol: str


@dataclass(frozen=True)
class Measured:
    """A score that was measured with this config.

    Attributes:
        metrics: Name to value.
        seed: Seed of the run.
        how: Data, length, machine.
        page: Page of the documentation that shows it, relative to ``docs/``; empty where the log is all there is.
        log: The run's ``scalars.json`` below ``docs/``, or that it was not kept.
        checksum: sha256 of the checkpoint, or that it was not kept.
    """

    metrics: Mapping[str, float] = field(hash=False)
    seed: int
    how: str
    page: str
    log: str
    checksum: str


@dataclass(frozen=True)
class Data:
    """The dataset of a config.

    Attributes:
        name: Name in ``mmrs data info``, or of the metafile's own section ``Datasets``.
        title: Its own name.
        task: What its labels are for.
        folder: Its folder below ``MMRS_DATA``.
        layout: A line for each split or kind of file.
        fetch: How to get it.
        catalogued: Whether ``mmrs data`` knows it.
    """

    name: str
    title: str
    task: str
    folder: str
    layout: tuple[str, ...]
    fetch: str
    catalogued: bool


@dataclass(frozen=True)
class Record:
    """One config.

    Attributes:
        config: Name below ``configs/``, with ``.py``.
        collection: Name of the model family.
        paper: Where the family is described.
        data: Its dataset.
        published: Scores of others for this model on this dataset.
        measured: Scores of this config.
        note: What else to know.
        other_sizes: Names of the configs of its family that have a published score.
    """

    config: str
    collection: str
    paper: str
    data: Data
    published: tuple[Published, ...]
    measured: tuple[Measured, ...]
    note: str
    other_sizes: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """Folder of the config."""
        return self.config.partition('/')[0]

    @property
    def stem(self) -> str:
        """Name of the config without folder and suffix."""
        return PurePosixPath(self.config).stem


def published_text(record: Record) -> str:
    """What was published, or that nothing was."""
    if not record.published and record.other_sizes:
        return 'none for this size'
    return '; '.join(metrics_text(result.metrics) for result in record.published) or 'none'


def measured_text(record: Record) -> str:
    """What was measured here, or that nothing was."""
    return '; '.join(metrics_text(result.metrics) for result in record.measured) or NOT_TRAINED


def dataset_part(stem: str) -> str:
    """Dataset in a config's name: ``mars-base_upernet_160k_isaid-512`` -> ``isaid``."""
    return stem.rpartition('_')[2].rpartition('-')[0]


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Metrics in words, e.g. ``69.51 mIoU``."""
    return ', '.join(f'{value:.2f} {name}' for name, value in metrics.items())
