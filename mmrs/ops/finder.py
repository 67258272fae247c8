"""Supplies ``mmcv._ext`` on import, only where mmcv has no compiled one."""


def install() -> None:
    """Adds the finder after all others, so that a compiled extension wins. Idempotent."""
