"""Targets and losses of two processes equal those of one with both batches."""

import torch
from torch import distributed, multiprocessing

from mmrs.models.pretrain.distillation_losses import TeacherTargets, sinkhorn


def parts():
    """Logits of both processes: as with masked patches, unequal in number."""
    torch.manual_seed(0)
    return torch.randn(5, 8), torch.randn(3, 8) + 2


def work(rank, store, results):
    torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
    distributed.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    logits = parts()[rank]
    targets = TeacherTargets(8, 'centering')
    targets(logits, 0.1)
    empty = logits[:0] if rank else logits
    found = (sinkhorn(logits, 0.1), targets.center, sinkhorn(empty, 0.1))
    results.put((rank, [value.tolist() for value in found]))
    distributed.destroy_process_group()


def test_two_processes_equal_one(tmp_path):
    context = multiprocessing.get_context('fork')
    results = context.Queue()
    processes = [context.Process(target=work, args=(rank, tmp_path / 'store', results)) for rank in range(2)]
    for process in processes:
        process.start()
    found = dict(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    shares = torch.tensor(found[0][0] + found[1][0])
    torch.testing.assert_close(shares, sinkhorn(torch.cat(parts()), 0.1))
    one = TeacherTargets(8, 'centering')
    one(torch.cat(parts()), 0.1)
    for rank in range(2):
        torch.testing.assert_close(torch.tensor(found[rank][1]), one.center)
    torch.testing.assert_close(torch.tensor(found[0][2]), sinkhorn(parts()[0], 0.1))
    assert found[1][2] == []
