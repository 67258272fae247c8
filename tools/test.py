"""Evaluates a checkpoint: the same as ``mmrs test``."""

import sys

from mmrs.cli import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]]))
