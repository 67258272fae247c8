"""Remote-sensing foundation models for OpenMMLab.

Importing this package is cheap: it loads neither torch nor any OpenMMLab package. It only makes sure that
``mmcv._ext`` can be imported where mmcv was installed without compiled operators (see :mod:`mmrs.ops`).
"""

from mmrs.ops.finder import install as _install_ops
from mmrs.version import __version__

_install_ops()

__all__ = ['__version__']
