"""What self-distillation does around every training step: the teacher's average, its temperature, a frozen layer."""

from __future__ import annotations

import math
from typing import Any, Protocol

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmrs.errors import ConfigError
from mmrs.registry import HOOKS


class SelfDistilled(Protocol):
    """What the hook asks of a model."""

    teacher_temperature: float

    def update_teacher(self, momentum: float) -> None:
        """Moves the teacher towards the student."""


def cosine(start: float, end: float, step: int, steps: int) -> float:
    """Half a cosine: ``start`` at step 0, ``end`` at step ``steps`` and after."""
    return end + (start - end) * (1 + math.cos(math.pi * min(step / max(steps, 1), 1))) / 2


def linear(start: float, end: float, step: int, steps: int) -> float:
    """A line: ``start`` at step 0, ``end`` at step ``steps - 1`` and after."""
    return start + (end - start) * min(step / max(steps - 1, 1), 1)


@HOOKS.register_module()
class SelfDistillationHook(Hook):
    """Schedules of self-distillation that mmengine's parameter schedulers cannot express, by iteration.

    After every step of the optimiser (with gradient accumulation: every few iterations) the teacher becomes
    ``momentum * teacher + (1 - momentum) * student``.

    The layer that compares with prototypes does not learn at first: the learning rate of its parameter groups is zero
    during the step and has its value back before the schedulers go on. Gradients are still computed, so DDP does not
    miss a parameter, and Adam's moments warm up.

    Args:
        momentum: First and last momentum of the teacher's average, along half a cosine over the run. Two equal
            numbers keep it, as CGEarthEye's report may mean with its 0.992.
        teacher_temperature: First and last temperature of the teacher, along a line.
        temperature_iters: Iterations of that line.
        frozen_iters: Iterations in which parameters named by ``frozen`` do not learn.
        frozen: Part of their names.

    Raises:
        ConfigError: A momentum is not from 0 to 1, or a temperature not above 0.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        momentum: tuple[float, float] = (0.992, 1.0),
        teacher_temperature: tuple[float, float] = (0.04, 0.07),
        temperature_iters: int = 37500,
        frozen_iters: int = 1250,
        frozen: str = 'last_layer',
    ) -> None:
        if not all(0 <= value <= 1 for value in momentum) or min(teacher_temperature) <= 0:
            found = f'momentum {tuple(momentum)}, teacher_temperature {tuple(teacher_temperature)}'
            expected = 'momentum from 0 to 1, temperatures above 0'
            raise ConfigError('SelfDistillationHook', found, expected, 'Correct custom_hooks of the config.')
        self.momentum, self.teacher_temperature = momentum, teacher_temperature
        self.temperature_iters, self.frozen_iters, self.frozen = temperature_iters, frozen_iters, frozen
        self._rates: list[tuple[dict[str, Any], float]] = []

    def before_train(self, runner: Runner) -> None:
        """Checks that the frozen layer can be told apart from others.

        Raises:
            ConfigError: No parameter has its name, or it shares a parameter group.
        """
        if self.frozen_iters:
            self._groups(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Sets the temperature, and takes the learning rate from the frozen layer."""
        self._model(runner).teacher_temperature = linear(
            *self.teacher_temperature, step=runner.iter, steps=self.temperature_iters
        )
        if runner.iter < self.frozen_iters:
            self._rates = [(group, group['lr']) for group in self._groups(runner)]
            for group, _ in self._rates:
                group['lr'] = 0.0

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Gives the learning rate back, and updates the teacher where the student has learnt."""
        for group, rate in self._rates:
            group['lr'] = rate
        self._rates = []
        if runner.optim_wrapper.should_update():
            momentum = cosine(*self.momentum, step=runner.iter, steps=runner.max_iters)
            self._model(runner).update_teacher(momentum)
            runner.message_hub.update_scalar('train/teacher_momentum', momentum)

    @staticmethod
    def _model(runner: Runner) -> SelfDistilled:
        model: Any = runner.model
        return model.module if is_model_wrapper(model) else model

    def _groups(self, runner: Runner) -> list[dict[str, Any]]:
        """Parameter groups of the frozen layer, which hold nothing else."""
        model: Any = self._model(runner)
        wanted = {id(p) for name, p in model.named_parameters() if self.frozen in name and p.requires_grad}
        groups: list[dict[str, Any]] = []
        for group in runner.optim_wrapper.optimizer.param_groups:
            inside = [id(parameter) in wanted for parameter in group['params']]
            if any(inside) and not all(inside):
                fix = f'Set paramwise_cfg so that {self.frozen!r} has a group of its own (apart=[{self.frozen!r}]).'
                found = f'a parameter group that holds more than {self.frozen!r}'
                raise ConfigError('SelfDistillationHook.frozen', found, 'groups that hold nothing else', fix)
            groups += [group] if any(inside) else []
        if not groups:
            fix = 'Name a layer that learns, or set frozen_iters=0.'
            raise ConfigError('SelfDistillationHook.frozen', repr(self.frozen), 'the name of a layer', fix)
        return groups
