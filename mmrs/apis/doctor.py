"""Checks an installation: packages, devices, operators, folders."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mmrs.apis.installation import Finding, check_bounds, check_conflicts, check_operators, check_packages
from mmrs.version import __version__

# A ViT-g with its optimizer state and a previous checkpoint needs about this much, GiB.
ROOM = 20


def examine() -> list[Finding]:
    """Runs all checks; none of them changes anything.

    Returns:
        Findings in the order in which a person should read them.
    """
    findings = [Finding('mmrs', __version__), Finding('python', f'{platform.python_version()} ({sys.executable})')]
    findings += check_packages()
    findings += check_conflicts()
    findings += check_bounds()
    findings.append(check_operators())
    findings += _check_torch()
    findings += _check_folders()
    return findings


def _check_torch() -> Iterator[Finding]:
    """Devices, and whether torch and numpy understand each other."""
    try:
        import numpy as np
        import torch
    except Exception:  # told by check_packages
        return
    try:
        torch.from_numpy(np.ones(2, dtype=np.float32)).numpy()
        yield Finding('numpy and torch', 'share arrays')
    except Exception as error:
        fix = "pip install --upgrade torch  (or 'numpy<2': this torch was built for it)"
        yield Finding('numpy and torch', f'do not share arrays: {error}', 'wrong', fix)
    yield Finding('CPU', f'{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads')
    if torch.cuda.is_available():
        yield from (_check_device(index) for index in range(torch.cuda.device_count()))
    elif shutil.which('nvidia-smi') and os.environ.get('CUDA_VISIBLE_DEVICES') != '':
        built = f'built for CUDA {torch.version.cuda}' if torch.version.cuda else 'built for the CPU only'
        fix = 'Update the driver, or install the torch build that fits it: https://pytorch.org/get-started'
        yield Finding('GPU', f'there is a driver, but torch ({built}) sees no device', 'note', fix)
    else:
        yield Finding('GPU', 'none: everything runs on the CPU')


def _check_device(index: int) -> Finding:
    import torch

    name = f'GPU {index}'
    try:
        free, total = torch.cuda.mem_get_info(index)
        torch.ones(1, device=f'cuda:{index}').add_(1)
        torch.cuda.synchronize(index)
    except Exception as error:
        fix = 'Install the torch build that fits this GPU: https://pytorch.org/get-started'
        return Finding(name, f'does not work: {error}', 'wrong', fix)
    text = f'{torch.cuda.get_device_name(index)}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free'
    return Finding(name, text)


def _check_folders() -> Iterator[Finding]:
    """Room in the working folder and in the folder where weights are kept."""
    from mmrs.weights.store import weights_folder

    for name, folder in (('working folder', Path.cwd()), ('weights folder', weights_folder())):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(existing, os.W_OK):
            fix = 'Change its owner, or choose another folder (MMRS_WEIGHTS for weights).'
            yield Finding(name, f'{folder} cannot be written', 'wrong', fix)
            continue
        free = shutil.disk_usage(existing).free / 2**30
        fix = '' if free > ROOM else f'Large models with their checkpoints need some {ROOM} GiB.'
        yield Finding(name, f'{folder}, {free:.0f} GiB free', 'note' if fix else 'ok', fix)
