"""Starts the launch scripts as a shell does, on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys

from tiny_run import REPOSITORY

TOOLS = REPOSITORY / 'tools'


def launch(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of ``tools/`` and returns what it printed."""
    variables = {**os.environ, 'PYTHON': sys.executable, 'CUDA_VISIBLE_DEVICES': '', **environment}
    command = [str(TOOLS / script), *map(str, arguments)]
    if script.endswith('.py'):
        command.insert(0, sys.executable)
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=900)
