"""The dataset catalogue: complete against the issue's list, consistent in itself and with the hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from mmrs.datasets.catalogue import CATALOGUE, ENTRIES, get
from mmrs.datasets.catalogue.records import RASTERS
from mmrs.errors import DataError
from mmrs.geo.sensors import SENSORS

WANTED = """aid resisc45 treesatai germany-crops isaid loveda potsdam vaihingen deepglobe-landcover deepglobe-roads
cropland atlantic sos c2smsfloods sen1floods11 cabuar flood3i gvlm earthmiss levir-cd sysu-cd cdd whu-cd dsifn-cd dior
sardet-100k ubcv2 kenya-wildlife bright dior-r dota-v1.0 m4-sar"""


def test_holds_every_dataset_once() -> None:
    assert sorted(entry.name for entry in ENTRIES) == sorted(WANTED.split())


@pytest.mark.parametrize('entry', ENTRIES, ids=lambda entry: entry.name)
def test_record_is_consistent(entry) -> None:
    assert entry.licence and entry.source and entry.by_hand and entry.splits
    assert len(set(entry.classes)) == len(entry.classes) and len({split.name for split in entry.splits}) == len(
        entry.splits
    )
    for split in entry.splits:
        assert set(split.files) <= {*RASTERS, 'boxes'} and {'image', 'before'} & set(split.files)
        assert (split.listing is None) == (split.form == 'folders')
        if split.form in ('folders', 'names'):  # files of one sample share every part of their names
            parts = {frozenset(re.findall(r'{(\w+)}', pattern)) for pattern in split.files.values()}
            assert len(parts) == 1 and 'id' in next(iter(parts))
            assert set(split.only) <= next(iter(parts))
    if entry.task == 'segmentation':
        assert all('mask' in split.files for split in entry.splits) and entry.band_names


def test_facts_of_the_specifications() -> None:
    assert [len(get(name).classes) for name in ('aid', 'resisc45', 'isaid', 'germany-crops', 'dior')] == [
        30, 45, 16, 17, 20,
    ]  # fmt: skip
    assert [split.samples for split in get('aid').splits] == [2000, 8000]
    assert [split.samples for split in get('resisc45').splits] == [6300, 25200]
    assert get('cdd').mask_threshold == 128 and get('sen1floods11').mask_coding == {
        'mask_values': {-1: 255, 0: 0, 1: 1}
    }
    assert len(SENSORS['c2smsfloods-s2'].mean) == 10 and get('ubcv2').band_names[-1] == 'amplitude'
    assert get('earthmiss').split('val').samples == 277
    cities = [city for split in get('earthmiss').splits for city in split.only['city']]
    assert len(cities) == len(set(cities)) == 13
    assert len(set(get('germany-crops').palette)) == 17 and get('germany-crops').palette[0] == (255, 255, 255)


def test_classes_equal_those_of_the_hosts() -> None:
    from mmrotate.datasets import DIORDataset, DOTADataset
    from mmseg.datasets import ISPRSDataset, LoveDADataset, PotsdamDataset, iSAIDDataset

    hosts = {
        'isaid': iSAIDDataset, 'loveda': LoveDADataset, 'potsdam': PotsdamDataset, 'vaihingen': ISPRSDataset,
        'dior-r': DIORDataset, 'dota-v1.0': DOTADataset,
    }  # fmt: skip
    for name, host in hosts.items():
        assert tuple(host.METAINFO['classes']) == get(name).classes
        assert [tuple(colour) for colour in host.METAINFO['palette']] == list(get(name).palette)


def test_unknown_names_are_answered_with_the_closest() -> None:
    with pytest.raises(DataError, match='Did you mean potsdam'):
        get('postdam')
    with pytest.raises(DataError, match="found 'dev'; expected one of train, val, test"):
        get('loveda').split('dev')
    with pytest.raises(ValueError, match='sensor x is not in SENSORS'):
        replace(CATALOGUE['isaid'], sensor='x')
    with pytest.raises(ValueError, match='16 classes, 1 colours'):
        replace(CATALOGUE['isaid'], palette=((0, 0, 0),))


def test_importing_it_is_cheap() -> None:
    program = (
        'import sys, mmrs.datasets.catalogue; print([m for m in ("torch", "mmengine", "cv2") if m in sys.modules])'
    )
    assert subprocess.run([sys.executable, '-c', program], capture_output=True, text=True).stdout.strip() == '[]'
