"""What is installed, whether it fits together, and what to do where it does not."""

from __future__ import annotations

import importlib
import importlib.metadata as metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

# Import name -> distributions that install files under it: the maintained one first, then those that overwrite it.
OWNERS = {
    'mmengine': ('onedl-mmengine', 'mmengine', 'mmengine-lite'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite', 'mmcv-full'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
    'mmrotate': ('onedl-mmrotate', 'mmrotate'),
    'cv2': ('opencv-python-headless', 'opencv-python', 'opencv-contrib-python', 'opencv-contrib-python-headless'),
}
OTHERS = ('torch', 'torchvision', 'numpy', 'timm', 'rasterio', 'pyogrio', 'shapely', 'skimage', 'safetensors')


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: What was looked at.
        value: What was found.
        status: ``ok``, ``note`` (works, but worth knowing) or ``wrong``.
        fix: What to do; empty where nothing is to be done.
    """

    name: str
    value: str
    status: str = 'ok'
    fix: str = ''


def installed_version(distribution: str) -> str | None:
    """Version of a distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def check_packages() -> Iterator[Finding]:
    """Imports every package that mmrs builds on."""
    for module in (*OTHERS, *OWNERS):
        yield _check_import(module)


def _check_import(module: str) -> Finding:
    owners = OWNERS.get(module, ())
    found = [f'{name} {version}' for name in owners if (version := installed_version(name))]
    try:
        imported = importlib.import_module(module)
    except Exception as error:  # a broken binary raises anything
        return Finding(module, f'cannot be imported: {error}', 'wrong', _mend_import(module, str(error)))
    version = str(getattr(imported, '__version__', '?'))
    if module == 'rasterio':
        version += f' (GDAL {imported.__gdal_version__})'
    if module == 'pyogrio':
        version += f' (GDAL {".".join(map(str, imported.__gdal_version__))})'
    return Finding(module, version + (f' ({", ".join(found)})' if found else ''))


def _mend_import(module: str, reason: str) -> str:
    if module == 'cv2' and '.so' in reason:
        return headless_command() + '  (the build without windows needs no system library)'
    if "No module named 'mmcv._ext'" in reason:
        return 'Run `import mmrs` before the OpenMMLab packages: it supplies the operators.'
    names = {'skimage': 'scikit-image'}
    return f'pip install --force-reinstall {OWNERS.get(module, (names.get(module, module),))[0]}'


def headless_command() -> str:
    """Command that makes the files of the headless OpenCV win."""
    version = installed_version('opencv-python-headless') or installed_version('opencv-python')
    pin = f'=={version}' if version else ''
    return f'pip install --force-reinstall --no-deps opencv-python-headless{pin}'


def check_conflicts() -> Iterator[Finding]:
    """Looks for distributions that overwrite each other's files."""
    for module, owners in OWNERS.items():
        found = [name for name in owners if installed_version(name)]
        if len(found) < 2:
            continue
        value = f'{" and ".join(found)} are both installed and share files; the last one installed wins'
        if module == 'cv2':
            # mmcv asks for one and albumentations-like packages for the other: usual, and harmless if it imports.
            yield Finding('cv2 packages', value, 'note')
            continue
        version = installed_version(owners[0])
        reinstall = f'pip install --no-deps {owners[0]}{f"=={version}" if version else ""}'
        yield Finding(f'{module} packages', value, 'wrong', f'pip uninstall -y {" ".join(found)} && {reinstall}')


def check_bounds() -> Iterator[Finding]:
    """Compares what is installed with the ranges that mmrs declares."""
    from packaging.requirements import Requirement

    try:
        declared = metadata.requires('mmrs') or []
    except metadata.PackageNotFoundError:
        yield Finding('mmrs', 'is imported from a folder, not installed', 'wrong', 'pip install . (in its checkout)')
        return
    alternatives = {owners[0]: owners[1:] for owners in OWNERS.values()}
    wrong, checked = [], 0
    for text in declared:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({'extra': ''}):
            continue
        checked += 1
        version = installed_version(requirement.name)
        if version is None:
            if not any(installed_version(name) for name in alternatives.get(requirement.name, ())):
                wrong.append(Finding(requirement.name, 'is not installed', 'wrong', f"pip install '{text}'"))
        elif not requirement.specifier.contains(version, prereleases=True):
            value = f'{version} is outside {requirement.specifier}'
            wrong.append(Finding(requirement.name, value, 'wrong', f"pip install '{text}'"))
    yield from wrong or [Finding('versions', f'all {checked} declared ranges are met')]


def check_operators() -> Finding:
    """Says whose operators ``mmcv.ops`` uses, and whether compiled ones that are there can be loaded."""
    from mmrs.ops.finder import operators_in_use

    in_use = operators_in_use()
    if in_use != 'compiled':
        known = {'mmrs': 'not compiled: those of mmrs, on torch and torchvision', 'none': 'mmcv is not installed'}
        return Finding('mmcv operators', known[in_use], 'ok' if in_use == 'mmrs' else 'wrong')
    try:
        importlib.import_module('mmcv._ext')
    except Exception as error:
        owner = next((name for name in OWNERS['mmcv'] if installed_version(name)), 'onedl-mmcv')
        pin = f'{owner}=={installed_version(owner)}' if installed_version(owner) else owner
        fix = f'pip install --force-reinstall --no-deps --no-cache-dir {pin}'
        return Finding('mmcv operators', f'compiled, but they do not load: {error}', 'wrong', fix)
    return Finding('mmcv operators', 'compiled')
