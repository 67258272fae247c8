"""What ``pip install .`` brings: the package, its configs, the command."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny_run import REPOSITORY


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built offline from a copy of the sources, so that the checkout gets no build folder."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    ignore = shutil.ignore_patterns('.git', '.venv', '__pycache__', '*.egg-info', 'work_dirs', 'build', 'site', 'data')
    for name in ('mmrs', 'configs', 'requirements'):
        shutil.copytree(REPOSITORY / name, source / name, ignore=ignore if name == 'mmrs' else None)
    for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(REPOSITORY / name, source)
    options = ['--no-deps', '--no-build-isolation', '--no-index', '--quiet', '-w', str(folder)]
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', *options, str(source)], check=True)
    return next(folder.glob('mmrs-*.whl'))


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        commands = next(archive.read(name).decode() for name in names if name.endswith('entry_points.txt'))
    assert 'mmrs = mmrs.cli:main' in commands
    assert 'mmrs/py.typed' in names
    sources = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / 'mmrs').rglob('*.py')}
    shipped = [*(REPOSITORY / 'configs').rglob('*.py'), *(REPOSITORY / 'configs').rglob('metafile.yml')]
    configs = {f'mmrs/{path.relative_to(REPOSITORY).as_posix()}' for path in shipped}
    assert configs and sources | configs <= names
    assert not any(name.startswith(('tests/', 'tools/', 'configs/')) for name in names)


def test_configs_are_found_inside_the_installed_package(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        'import mmrs.apis.config as c; print(c.config_root()); print(*c.list_configs(), sep="\\n"); '
        'from mmrs.apis.zoo import read_zoo; assert sorted(r.config for r in read_zoo()) == c.list_configs(); '
        'print(c.load_config("_base_/mmseg_runtime").default_scope)'
    )
    answer = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, cwd=tmp_path, env={'PYTHONPATH': str(tmp_path)}
    )
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == str(tmp_path / 'mmrs' / 'configs') and lines[-1] == 'mmseg'
