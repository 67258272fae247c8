"""What a checkpoint may name without being refused: types that OpenMMLab's training loop saves, none that runs code.

``torch.load(weights_only=True)`` builds nothing but tensors and plain containers. A training checkpoint also holds
loss histories (mmengine's ``HistoryBuffer``, numpy arrays and scalars) and references to a few methods. mmengine
allows these by admitting ``getattr`` itself and falls back to a full unpickling when that fails; here ``getattr`` is a
look-up in a fixed table and there is no fallback.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def _known_attribute(owner: object, name: str) -> object:
    """Stands in for ``getattr`` in a pickle: serves the methods that mmengine pickles by reference.

    Raises:
        UnpicklingError: For any other attribute.
    """
    from pickle import UnpicklingError

    for known, names in _attribute_table():
        if owner is known and name in names:
            return getattr(known, name)
    raise UnpicklingError(f'Unsupported attribute {name} of {owner!r}')


@lru_cache(maxsize=1)
def _attribute_table() -> tuple[tuple[type, tuple[str, ...]], ...]:
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    return (
        (HistoryBuffer, ('min', 'max', 'current', 'mean')),
        (OneCycleParamScheduler, ('_annealing_cos', '_annealing_linear')),
    )


@lru_cache(maxsize=1)
def safe_globals() -> tuple[tuple[Any, str], ...]:
    """Lists ``(object, name in the pickle)`` for ``torch.serialization.safe_globals``.

    numpy 1 and 2 name the same functions differently; both names are served whatever numpy runs here.
    """
    import numpy as np

    array, scalar = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    allowed: list[tuple[Any, str]] = [(np.dtype, 'numpy.dtype'), (np.ndarray, 'numpy.ndarray')]
    for package in ('numpy.core', 'numpy._core'):
        allowed += [(array, f'{package}.multiarray._reconstruct'), (scalar, f'{package}.multiarray.scalar')]
    # The class of a dtype is checked when its state is restored (byte order and the like).
    kinds = [kind for kind in vars(np.dtypes).values() if isinstance(kind, type) and issubclass(kind, np.dtype)]
    allowed += [(kind, f'numpy.dtypes.{kind.__name__}') for kind in kinds]
    allowed += [(slice, 'builtins.slice'), (_known_attribute, 'builtins.getattr')]
    # A config's dict subclass in a dataset's metainfo comes back as a plain dict.
    allowed += [(dict, 'mmengine.config.config.ConfigDict'), (dict, 'mmcv.utils.config.ConfigDict')]
    allowed += [(known, f'{known.__module__}.{known.__qualname__}') for known, _ in _attribute_table()]
    return tuple(allowed)


class Inert:
    """Stands in for any object of a checkpoint that we do not want: accepts everything, does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        """Ignores the constructor's arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Ignores the constructor's arguments."""

    def __setstate__(self, _: Any) -> None:
        """Ignores the object's state."""
