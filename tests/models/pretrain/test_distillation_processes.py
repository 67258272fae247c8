"""Targets and losses of two processes equal those of one with both batches."""

import torch
from two_processes import in_two_processes

from mmrs.models.pretrain.distillation_losses import TeacherTargets, sinkhorn


def parts():
    """Logits of both processes: as with masked patches, unequal in number."""
    torch.manual_seed(0)
    return torch.randn(5, 8), torch.randn(3, 8) + 2


def work(rank):
    logits = parts()[rank]
    targets = TeacherTargets(8, 'centering')
    targets(logits, 0.1)
    empty = logits[:0] if rank else logits
    found = (sinkhorn(logits, 0.1), targets.center, sinkhorn(empty, 0.1))
    return [value.tolist() for value in found]


def test_two_processes_equal_one(tmp_path):
    found = in_two_processes(work, tmp_path)
    shares = torch.tensor(found[0][0] + found[1][0])
    torch.testing.assert_close(shares, sinkhorn(torch.cat(parts()), 0.1))
    one = TeacherTargets(8, 'centering')
    one(torch.cat(parts()), 0.1)
    for rank in range(2):
        torch.testing.assert_close(torch.tensor(found[rank][1]), one.center)
    torch.testing.assert_close(torch.tensor(found[0][2]), sinkhorn(parts()[0], 0.1))
    assert found[1][2] == []
