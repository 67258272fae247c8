"""Makes the environment that the Makefile runs in, or finds that it is up to date. Standard library only.

    python3 tools/setup_env.py [--venv .venv] [--force]

The stamp in the environment holds a hash of everything that decides what it should contain; another hash means that
pip brings it up to date.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = ((3, 10), (3, 12))
CANDIDATES = ('python3', 'python3.12', 'python3.11', 'python3.10', 'python')

# What can go wrong after a good installation: (check, what it means, pip arguments that mend it).
REPAIRS = (
    (
        'import cv2',
        'OpenCV needs system libraries that are not here (libGL): taking its headless build',
        ('--force-reinstall', '--no-deps', 'opencv-python-headless'),
    ),
    (
        'import importlib.util as u, torch, mmcv; u.find_spec("mmcv._ext") and __import__("mmcv._ext")',
        'The compiled mmcv operators in the pip cache do not fit this torch: taking mmcv without them',
        ('--force-reinstall', '--no-deps', '--no-cache-dir', 'onedl-mmcv'),
    ),
)


def say(text: str) -> None:
    print(f'[set-up] {text}', flush=True)


def find_python() -> str:
    """Path of an interpreter of a supported version: this one if it is, else the first of CANDIDATES."""
    code = 'import sys, venv, ensurepip; print(sys.executable, *sys.version_info[:2])'
    seen = []
    for name in (os.environ.get('PYTHON') or sys.executable, *CANDIDATES):
        path = shutil.which(name)
        if path is None:
            continue
        answer = subprocess.run([path, '-c', code], capture_output=True, text=True)
        if answer.returncode:
            if 'ensurepip' in answer.stderr or 'venv' in answer.stderr:
                seen.append(f'{name} without its venv module (on Debian and Ubuntu: apt install python3-venv)')
            continue
        executable, major, minor = answer.stdout.rsplit(maxsplit=2)
        if SUPPORTED[0] <= (int(major), int(minor)) <= SUPPORTED[1]:
            return executable
        seen.append(f'{name} is {major}.{minor}')
    sys.exit(
        f'[set-up] error: found no Python 3.10 to 3.12 ({"; ".join(dict.fromkeys(seen)) or "no Python at all"}). '
        'Install one, or name it: make PYTHON=/path/to/python3.11'
    )


def wanted_state(python: str) -> str:
    """Hash of the files that decide what the environment contains, and of the interpreter."""
    digest = hashlib.sha256()
    files = [*sorted((ROOT / 'requirements').glob('*.txt')), ROOT / 'setup.py', ROOT / 'pyproject.toml']
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    version = subprocess.run([python, '-VV'], capture_output=True, text=True).stdout
    return hashlib.sha256(f'{digest.hexdigest()} {version} {ROOT}'.encode()).hexdigest()


def pip(python: Path, *arguments: str) -> None:
    constraints = ROOT / 'requirements' / 'constraints.txt'
    # setuptools for building our own package and mm* must be the pinned one too.
    environment = {**os.environ, 'PIP_CONSTRAINT': str(constraints), 'PIP_DISABLE_PIP_VERSION_CHECK': '1'}
    command = [str(python), '-m', 'pip', 'install', '--no-input', *arguments]
    if subprocess.run(command, env=environment, cwd=ROOT).returncode:
        sys.exit('[set-up] error: pip failed (see above). With no network, or a full disk, nothing else can go on.')


def installed_ok(python: Path, code: str) -> bool:
    return subprocess.run([str(python), '-c', code], capture_output=True).returncode == 0


def set_up(venv: Path, force: bool) -> None:
    """Creates or updates ``venv``."""
    base, python, stamp = find_python(), venv / 'bin' / 'python', venv / '.mmrs-stamp'
    state = wanted_state(base)
    if not force and stamp.is_file() and stamp.read_text() == state and installed_ok(python, 'import mmrs'):
        say(f'{venv.name} is up to date')
        return
    start = time.monotonic()
    version = subprocess.run([base, '-V'], capture_output=True, text=True).stdout.strip()
    same = python.exists() and installed_ok(python, 'import pip') and _version(python) == version
    if not same:
        say(f'1/3 creating {venv} with {version}')
        subprocess.run([base, '-m', 'venv', '--clear', str(venv)], check=True)
    say('2/3 installing the packages pinned in requirements/constraints.txt (a few GB once: some minutes)')
    stamp.unlink(missing_ok=True)
    pip(python, '--progress-bar', 'on', '--editable', '.[data,dev,docs,tensorboard]')
    say('3/3 checking what was installed')
    for code, meaning, arguments in REPAIRS:
        if not installed_ok(python, code):
            say(meaning)
            pip(python, '--quiet', *arguments)
    stamp.write_text(state)
    say(f'done in {time.monotonic() - start:.0f} s')


def _version(python: Path) -> str:
    return subprocess.run([str(python), '-V'], capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv')
    parser.add_argument('--force', action='store_true', help='install even if it looks up to date')
    args = parser.parse_args()
    set_up(args.venv.absolute(), args.force)


if __name__ == '__main__':
    main()
