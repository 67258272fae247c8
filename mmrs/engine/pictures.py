"""Pictures of a pretraining run, and TensorBoard that a run can do without."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.visualization import TensorboardVisBackend as MMEngineTensorboard

from mmrs.engine.frozen_features import looking_at
from mmrs.engine.probe import inner_model
from mmrs.engine.sharding import is_sharded
from mmrs.registry import HOOKS, VISBACKENDS


@HOOKS.register_module()
class PictureHook(Hook):
    """Gives pictures of the training batch to the visualizer: what was masked, what was found, what was attended to.

    See :func:`mmrs.models.pretrain.pictures.pictures`. Drawn after the first iteration, every ``interval`` ones, and
    after the last. Only the first process draws; modes and random numbers are kept. A model whose parameters are
    shared out over processes is not drawn.

    Args:
        interval: Iterations between pictures.
        count: Images in a picture.
    """

    priority = 'LOW'

    def __init__(self, interval: int = 1000, count: int = 4) -> None:
        self.interval, self.count = interval, count

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Draws, if it is time."""
        due = runner.iter == 0 or self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner)
        if not (due and is_main_process()):
            return
        from mmrs.models.pretrain.pictures import pictures

        model: Any = inner_model(runner)
        if is_sharded(model):  # the first process cannot run it alone
            return
        with looking_at(model), torch.no_grad():
            found = pictures(model, model.data_preprocessor(data_batch, False), self.count)
        for name, picture in found.items():
            pixels = (picture * 255).round().byte().permute(1, 2, 0).cpu().numpy()
            runner.visualizer.add_image(name, pixels, step=runner.iter + 1)


@VISBACKENDS.register_module()
class TensorboardVisBackend(MMEngineTensorboard):
    """mmengine's backend; where TensorBoard is not installed it says so once, and the run goes on without."""

    def _init_env(self) -> None:
        try:
            super()._init_env()
        except ImportError:
            text = "TensorBoard is not installed, so there will be no curves: pip install 'mmrs[tensorboard]'."
            print_log(text, logger='current', level=30)
            self._tensorboard = _Nothing()


class _Nothing:
    """Takes whatever a writer takes."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None
