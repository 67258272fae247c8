"""Help texts and listings come at once: torch and the OpenMMLab packages stay unloaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmseg',
    'mmdet',
    'mmrotate',
    'mmpretrain',
    'timm',
    'cv2',
    'rasterio',
)
PROGRAM = """
import sys
from mmrs.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print('LOADED', *(name for name in sys.argv[0].split(',') if name in sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize(
    'arguments',
    [
        ['--help'],
        ['--version'],
        ['train', '--help'],
        ['test', '--help'],
        ['doctor', '--help'],
        ['weights', 'list'],
        ['zoo', 'list'],
    ],
    ids=' '.join,
)
def test_stays_light(arguments: list[str]) -> None:
    program = PROGRAM.replace('sys.argv[0]', repr(','.join(HEAVY)))
    answer = subprocess.run([sys.executable, '-c', program, *arguments], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == 'LOADED'
    assert len(answer.stdout.splitlines()) > 1


def test_wrong_usage_is_code_2() -> None:
    answer = subprocess.run([sys.executable, '-m', 'mmrs', 'train'], capture_output=True, text=True)
    assert answer.returncode == 2 and 'usage: mmrs train' in answer.stderr
