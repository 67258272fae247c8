"""A student and a teacher that is its running average, as self-distillation needs them."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel

from mmrs.models.pretrain.processes import own_share


class AveragedTeacher(BaseModel):
    """Keeps ``teacher`` an average of ``student``; subclasses build both, without gradients in the teacher."""

    student: Any
    teacher: Any

    def init_weights(self) -> None:
        """Initialises the student, and makes the teacher its copy."""
        super().init_weights()
        self.update_teacher(0.0)

    def train(self, mode: bool = True) -> AveragedTeacher:
        """Sets the mode of the student; the teacher stays in eval mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    @torch.no_grad()
    def update_teacher(self, momentum: float) -> None:
        """Makes the teacher ``momentum * teacher + (1 - momentum) * student``, every parameter in one launch.

        Args:
            momentum: From 0 (a copy) to 1 (as it is).
        """
        teacher, student = (
            [own_share(parameter) for parameter in network.parameters()] for network in (self.teacher, self.student)
        )
        torch._foreach_lerp_(teacher, student, 1 - momentum)
