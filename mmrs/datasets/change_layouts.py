"""Folders in which the published change-detection sets come, for the catalogue and for `mmrs.ChangeDataset`."""

from __future__ import annotations

from mmrs.errors import ConfigError

AB = ('A', 'B', 'label')
NUMBERED = ('Image1', 'Image2', 'Label')

# Below the folder of a split: earlier images, later images, labels. The copies in circulation differ in these names
# only. NUMBERED is CGEarthEye's copy (specification, section 4), A/B of WHU-CD is HANet's (MaRS specification,
# section 5.8); the archives' own names are common knowledge.
LAYOUTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    'levir-cd': (AB, NUMBERED),
    'sysu-cd': (('time1', 'time2', 'label'), NUMBERED, AB),
    'cdd': (('A', 'B', 'OUT'), NUMBERED, AB),
    'whu-cd': (AB, NUMBERED),
    'dsifn-cd': (('t1', 't2', 'mask'), AB, NUMBERED),
}


def folders_of(name: str) -> tuple[tuple[str, str, str], ...]:
    """Folder names that a set may have.

    Args:
        name: A key of ``LAYOUTS``, which is the set's name in the catalogue.

    Raises:
        ConfigError: If there is no such set.
    """
    if name not in LAYOUTS:
        fix = 'Name one, or give data_prefix with img_path, img_path2 and seg_map_path.'
        raise ConfigError('layout', repr(name), f'one of {", ".join(sorted(LAYOUTS))}', fix)
    return LAYOUTS[name]
