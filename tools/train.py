"""Trains a model: the same as ``mmrs train``."""

import sys

from mmrs.cli import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]]))
