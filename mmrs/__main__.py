"""``python -m mmrs``: the same as the ``mmrs`` command."""

from mmrs.cli import main

raise SystemExit(main())
