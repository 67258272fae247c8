"""Packaging of mmrs: every bound says why it is there."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithConfigs(build_py):
    """Ships ``configs/`` inside the wheel, so that an installed ``mmrs train quickstart/...`` finds them."""

    def run(self):
        super().run()
        if not self.editable_mode:
            shutil.copytree(ROOT / 'configs', Path(self.build_lib, 'mmrs', 'configs'), dirs_exist_ok=True)


def requirements(name):
    """Lines of requirements/<name>.txt without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.split('#')[0].strip() for line in lines if line.split('#')[0].strip()]


setup(
    name='mmrs',
    version=re.search(r"__version__ = '(.+)'", (ROOT / 'mmrs' / 'version.py').read_text()).group(1),
    description='Remote-sensing foundation models for OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10,<3.13',  # 3.10: mm* minimum; 3.13: not tried
    packages=find_packages(include=['mmrs', 'mmrs.*']),
    package_data={'mmrs': ['py.typed']},
    install_requires=requirements('runtime'),
    extras_require={name: requirements(name) for name in ('data', 'dev', 'docs', 'tensorboard', 'vlm')},
    entry_points={
        'console_scripts': ['mmrs = mmrs.cli:main'],
        # torch (2.5 and later) calls this at the end of its import, so that mmcv finds its operators also in programs
        # that import mm* before they read a config (mmrotate's tools/train.py) and in spawned workers.
        'torch.backends': ['mmrs_operators = mmrs.ops.finder:install'],
    },
    cmdclass={'build_py': BuildWithConfigs},
)
