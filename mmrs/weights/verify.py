"""Verification of a file: checksum, safe reading, and fit to the model, without building its weights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import CATALOGUE, ENTRIES, Entry, get
from mmrs.weights.convert import to_mmrs
from mmrs.weights.files import md5_of, read_state_dict
from mmrs.weights.load import LoadReport, match
from mmrs.weights.store import find, record_sha256, recorded_sha256, weights_folder

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Verification:
    """Outcome for one file.

    Attributes:
        path: File.
        entry: Catalogue entry that it was compared with; None if it fits none.
        sha256: Checksum of the file.
        recorded: Checksum that was written down for it earlier.
        report: Fit to the entry's model; None if it fits none.
        fits: Catalogue names whose model the file fills in full.
    """

    path: Path
    entry: Entry | None
    sha256: str
    recorded: str | None
    report: LoadReport | None
    fits: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in words; empty if nothing is."""
        if self.entry is None or self.report is None:
            return ('fits no model of the catalogue',)
        found = []
        if self.entry.md5 is not None and (md5 := md5_of(self.path)) != self.entry.md5:
            found.append(f'md5 {md5} is not that of {self.entry.name} ({self.entry.md5})')
        if self.entry.sha256 is not None and self.sha256 != self.entry.sha256:
            found.append(f'sha256 is not that of {self.entry.name} ({self.entry.sha256})')
        if self.report.coverage < self.entry.min_coverage:
            found.append(f'fills {self.report.coverage:.1%} of {self.entry.name}, not {self.entry.min_coverage:.0%}')
        return tuple(found)

    @property
    def checksum_note(self) -> str:
        """What the checksum was compared with, in words."""
        if self.entry is not None and self.entry.sha256 is not None:
            return 'as in the catalogue' if self.sha256 == self.entry.sha256 else 'NOT as in the catalogue'
        if self.recorded is not None:
            return 'none is published; as recorded here before'
        return 'none is published; recorded beside the file for the next time'


def verify(target: str, as_name: str | None = None, prefix: str | None = None) -> Verification:
    """Checks a file.

    Args:
        target: Catalogue name, whose file is looked for in the weights folder, or path.
        as_name: Catalogue entry that a path claims to be; None finds it by checksum, then by fit.
        prefix: Part of the file that is checked, such as ``'backbone'``; None takes the only model in it.

    Raises:
        WeightsError: If the file is missing or cannot be read safely.
    """
    if target in CATALOGUE:
        as_name, path = target, _installed(CATALOGUE[target])
    else:
        path = Path(target).expanduser()
    claimed = get(as_name) if as_name else None
    recorded = recorded_sha256(path) if path.is_file() else None
    state = read_state_dict(path)  # first: it tells best what is wrong with a broken file
    sha256 = record_sha256(path)
    reports = _reports(os.fspath(path), state, prefix, (claimed,) if claimed else ENTRIES)
    fits = tuple(name for name, report in reports.items() if report.coverage == 1.0)
    entry = claimed or next((item for item in ENTRIES if item.sha256 == sha256), None)
    if entry is None and fits:
        entry = CATALOGUE[fits[0]]
    return Verification(path, entry, sha256, recorded, reports[entry.name] if entry else None, fits)


def model_state(entry: Entry) -> dict[str, Tensor]:
    """Names and shapes of an entry's model, on the meta device: no memory, whatever its size."""
    import torch

    from mmrs.registry import MODELS

    with torch.device('meta'):
        return MODELS.build(dict(entry.model)).state_dict()


def _installed(entry: Entry) -> Path:
    path = find(entry)
    if path is None:
        where = entry.url or f'{entry.share_page} ({entry.share_note})'
        way = f'`mmrs weights download {entry.name}`' if entry.url else f'save it as {entry.name}.pth there'
        raise WeightsError(entry.name, f'no file in {weights_folder()}', f'the file from {where}', f'Then {way}.')
    return path


def _reports(
    source: str, state: dict[str, Tensor], prefix: str | None, entries: tuple[Entry, ...]
) -> dict[str, LoadReport]:
    reports = {}
    for entry in entries:
        wanted = model_state(entry)
        converted = to_mmrs(state, prefix, wanted=wanted, subject=source)
        report = match(source, wanted, converted.state, converted.key_format)
        reports[entry.name] = LoadReport(**{**vars(report), 'dropped': converted.dropped})
    return reports
