"""Mixed precision on GPUs, and in bfloat16 on CPUs, which mmengine's wrapper refuses."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper as MMEngineAmp
from mmengine.optim import OptimWrapper

from mmrs.errors import ConfigError
from mmrs.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MMEngineAmp):
    """mmengine's ``AmpOptimWrapper``, which also takes bfloat16 without scaling of the loss on a CPU.

    bfloat16 has the range of float32, so its gradients need no scale: with it the default of ``loss_scale`` is 1.

    Args:
        loss_scale: As in mmengine; None is ``'dynamic'`` for float16 and 1 for bfloat16. Not used on a CPU.
        dtype: ``'float16'`` or ``'bfloat16'``; None: the first on a GPU, the second on a CPU.
        **kwargs: As in mmengine.

    Raises:
        ConfigError: Another type than bfloat16 is asked for on a CPU.
    """

    def __init__(
        self,
        loss_scale: str | float | dict | None = None,
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        **kwargs: Any,
    ) -> None:
        half = dtype in ('bfloat16', torch.bfloat16)
        if get_device() != 'cpu':
            scale: Any = loss_scale if loss_scale is not None else 1.0 if half else 'dynamic'
            super().__init__(loss_scale=scale, dtype=dtype, use_fsdp=use_fsdp, **kwargs)
            return
        if dtype is not None and not half:
            fix = "Set dtype='bfloat16' (mmrs train --amp-dtype bfloat16), or train without mixed precision."
            raise ConfigError('optim_wrapper.dtype', f'{dtype} and no GPU', 'bfloat16 on a CPU', fix)
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self.cast_dtype = torch.bfloat16
