"""``python -m mmrs.apis.processes N``: fails if this machine has fewer GPUs or, without any, cores. For the scripts."""

from __future__ import annotations

import sys

from mmrs.errors import ConfigError


def main(count: int) -> int:
    """Checks before the processes start, so that the reason is one line and not one traceback a process.

    Args:
        count: Processes on this machine.

    Returns:
        Exit code.
    """
    from mmrs.engine import check_processes

    try:
        check_processes(count)
    except ConfigError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    raise SystemExit(main(int(sys.argv[1])))
