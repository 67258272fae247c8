"""``mmrs doctor``: the report, and installations that are broken in known ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest


def doctor(*arguments: str, path: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own; ``path`` is put before all other packages."""
    variables = {**os.environ, **environment, 'OMP_NUM_THREADS': '1'}
    if path is not None:
        variables['PYTHONPATH'] = str(path)
    command = [sys.executable, '-m', 'mmrs', 'doctor', *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=120)


def findings(answer: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {finding['name']: finding for finding in json.loads(answer.stdout)}


def install_fake(folder: Path, name: str, version: str) -> None:
    info = folder / f'{name.replace("-", "_")}-{version}.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')


def test_this_installation_is_sound() -> None:
    answer = doctor()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for word in ('python', 'torch', 'mmcv operators', 'GDAL', 'CPU', 'GiB free', 'Nothing is broken'):
        assert word in answer.stdout


def test_both_lines_and_versions_out_of_range(tmp_path: Path) -> None:
    install_fake(tmp_path, 'mmcv', '2.2.0')
    install_fake(tmp_path, 'safetensors', '0.1.0')
    answer = doctor('--json', path=tmp_path)
    assert answer.returncode == 1
    found = findings(answer)
    both = found['mmcv packages']
    assert both['status'] == 'wrong' and 'onedl-mmcv and mmcv are both installed' in both['value']
    assert both['fix'].startswith('pip uninstall -y onedl-mmcv mmcv && pip install --no-deps onedl-mmcv==')
    assert '0.1.0 is outside' in found['safetensors']['value']


def test_library_that_the_system_lacks(tmp_path: Path) -> None:
    """As OpenCV's build with windows does on a server without libGL."""
    (tmp_path / 'cv2.py').write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    found = findings(doctor('--json', path=tmp_path))['cv2']
    assert found['status'] == 'wrong' and 'libGL.so.1' in found['value']
    assert 'opencv-python-headless' in found['fix']


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip('root may write everywhere')
    tmp_path.chmod(0o500)
    answer = doctor('--json', MMRS_WEIGHTS=str(tmp_path))
    assert findings(answer)['weights folder']['status'] == 'wrong'


def test_compiled_operators_that_do_not_load(tmp_path: Path) -> None:
    """As after an upgrade of torch: the extension is there, but was built for another one."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').write_text("__version__ = '2.3.6'")
    (package / f'_ext{EXTENSION_SUFFIXES[0]}').write_bytes(b'not an extension')
    answer = doctor('--json', path=tmp_path)
    found = findings(answer)['mmcv operators']
    assert answer.returncode == 1
    assert found['status'] == 'wrong' and 'compiled, but they do not load' in found['value']
    assert found['fix'].startswith('pip install --force-reinstall --no-deps --no-cache-dir onedl-mmcv==')
