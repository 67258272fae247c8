"""Targets and losses of self-distillation as in DINOv2 (CGEarthEye specification, sections 5.3 and 5.5)."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.models.pretrain.processes import Gather

KOLEO_EPSILON = 1e-8


class TeacherTargets(nn.Module):
    """Makes distributions over the prototypes out of a teacher's logits, without a gradient.

    Args:
        prototypes: Number of prototypes.
        method: ``'sinkhorn'`` shares the samples of all processes evenly out to the prototypes (Sinkhorn-Knopp);
            ``'centering'`` subtracts a running mean of the logits.
        iterations: Of Sinkhorn-Knopp.
        momentum: Of the running mean.

    Raises:
        ConfigError: The method is unknown.
    """

    center: Tensor

    def __init__(self, prototypes: int, method: str = 'sinkhorn', iterations: int = 3, momentum: float = 0.9) -> None:
        super().__init__()
        if method not in ('sinkhorn', 'centering'):
            raise ConfigError('targets', repr(method), "'sinkhorn' or 'centering'", 'Correct the name.')
        self.method, self.iterations, self.momentum = method, iterations, momentum
        self.register_buffer('center', torch.zeros(1, prototypes))

    @torch.no_grad()
    def forward(self, logits: Tensor, temperature: float) -> Tensor:
        """Distributions of a batch; the running mean takes the batch in afterwards.

        Args:
            logits: (N, prototypes); N may be zero.
            temperature: Of the teacher.

        Returns:
            (N, prototypes) float32, each row of sum 1.
        """
        logits = logits.float()
        if self.method == 'sinkhorn':
            return sinkhorn(logits, temperature, self.iterations)
        targets = ((logits - self.center) / temperature).softmax(dim=-1)
        if self.training:
            self.update_center(logits)
        return targets

    @torch.no_grad()
    def update_center(self, logits: Tensor) -> None:
        """Moves the running mean towards the mean of (N, prototypes) logits, of all processes."""
        count = logits.new_tensor([float(len(logits))])
        total = logits.float().sum(dim=0, keepdim=True)
        all_reduce(total)
        all_reduce(count)
        if count > 0:
            self.center.lerp_(total / count, 1 - self.momentum)


@torch.no_grad()
def sinkhorn(logits: Tensor, temperature: float, iterations: int = 3, shared: bool = True) -> Tensor:
    """Sinkhorn-Knopp: every prototype gets the same share of the samples of all processes.

    Args:
        logits: (N, prototypes) float32; N may differ between processes, and be zero.
        temperature: Of the teacher.
        iterations: Rounds of normalisation.
        shared: Count the samples of all processes, not of this one alone.

    Returns:
        (N, prototypes), each row of sum 1.
    """
    # One constant for all processes keeps the exponential finite and cancels out.
    peak = logits.amax().reshape(1) if len(logits) else logits.new_full((1,), -torch.inf)
    if shared:
        all_reduce(peak, 'max')
    shares = ((logits - peak) / temperature).exp()
    for _ in range(iterations):
        columns = shares.sum(dim=0, keepdim=True)
        if shared:
            all_reduce(columns)
        # A prototype that underflows for every sample has no share to hand out.
        shares = shares / columns.clamp_min(torch.finfo(shares.dtype).tiny)
        shares = shares / shares.sum(dim=1, keepdim=True)
    return shares


def cross_entropy(targets: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """Cross entropy of every row.

    Args:
        targets: (..., prototypes), the teacher's distributions.
        logits: (..., prototypes), the student's.
        temperature: Of the student.

    Returns:
        (...) float32.
    """
    scaled = logits.float() / temperature
    # targets sum to 1, so that log_softmax need not be written out
    return scaled.logsumexp(dim=-1) - (targets * scaled).sum(dim=-1)


def image_loss(targets: Tensor, same: Tensor, others: list[Tensor], temperature: float) -> Tensor:
    """Mean cross entropy over all pairs of a teacher's view and another view of the student.

    Args:
        targets: (V, B, prototypes), the teacher's views.
        same: (V, B, prototypes), the student's logits of the same views: each is compared with the others only.
        others: (W, B, prototypes) each, the student's logits of further crops, compared with every view.
        temperature: Of the student.

    Returns:
        A scalar: the mean over V * (V - 1) + V * (sum of W) pairs, each the mean over the batch.
    """
    views = len(targets)
    total, pairs = targets.new_zeros(()), 0
    for crops in [same, *others]:
        # sum over the teacher's views first: the cross entropy is linear in the target
        swapped = crops is same
        summed = targets.sum(dim=0) - targets if swapped else targets.sum(dim=0).expand(len(crops), -1, -1)
        weight = views - 1 if swapped else views
        scaled = crops.float() / temperature
        total = total + (weight * scaled.logsumexp(dim=-1) - (summed * scaled).sum(dim=-1)).mean(dim=1).sum()
        pairs += weight * len(crops)
    return total / max(pairs, 1)


def patch_loss(targets: Tensor, logits: Tensor, masks: Tensor, temperature: float) -> Tensor:
    """Cross entropy of the masked patches: their mean in every image, then the mean over all images.

    Args:
        targets: (M, prototypes), the teacher's distributions of the masked patches in their order.
        logits: (M, prototypes), the student's.
        masks: (N, patches) bool, M of them true. An image without any counts as zero.
        temperature: Of the student.

    Returns:
        A scalar.
    """
    weights = 1 / masks.sum(dim=1).clamp_min(1)
    weights = weights.unsqueeze(1).expand_as(masks)[masks]
    return (cross_entropy(targets, logits, temperature) * weights).sum() / len(masks)


def koleo(features: Tensor, gather: Gather | None = None) -> Tensor:
    """Kozachenko-Leonenko regulariser: minus the mean logarithm of the distance to the nearest neighbour.

    Args:
        features: (B, C). One without any other has no neighbour and gives zero.
        gather: Finds neighbours in all processes (:func:`mmrs.models.pretrain.processes.gather`); None: in this one
            (DINOv2).

    Returns:
        A scalar in float32.
    """
    with torch.autocast(features.device.type, enabled=False):
        unit = functional.normalize(features.float(), eps=KOLEO_EPSILON, dim=-1)
        everyone, place = (unit, 0) if gather is None else gather(unit)
        if len(everyone) < 2:
            return unit.sum() * 0
        with torch.no_grad():
            cosines = unit @ everyone.T
            cosines.diagonal(offset=place).fill_(-torch.inf)
            nearest = cosines.argmax(dim=1)
        distance = functional.pairwise_distance(unit, everyone[nearest], eps=KOLEO_EPSILON)
        return -(distance + KOLEO_EPSILON).log().mean()
