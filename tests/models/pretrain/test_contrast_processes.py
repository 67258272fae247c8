"""Negatives gathered from two processes: loss and gradients equal those of one process with both batches."""

import torch
from torch import distributed, multiprocessing, nn

from mmrs.models.pretrain.contrast import CrossContrast
from mmrs.models.pretrain.mars import _gather

LOSS = CrossContrast()


def parts():
    """A layer, and the tokens of both modalities of a whole batch."""
    torch.manual_seed(0)
    return nn.Linear(8, 8), torch.randn(4, 6, 8), torch.randn(4, 6, 8)


def work(rank, store, results):
    torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
    distributed.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    layer, *tokens = parts()
    first, second = (layer(part.chunk(2)[rank]) for part in tokens)
    loss = LOSS(first, second, _gather)
    loss.backward()
    distributed.all_reduce(layer.weight.grad)  # DDP's mean over the processes
    results.put((rank, loss.item(), (layer.weight.grad / 2).tolist()))
    distributed.destroy_process_group()


def test_two_processes_equal_one(tmp_path):
    context = multiprocessing.get_context('fork')
    results = context.Queue()
    processes = [context.Process(target=work, args=(rank, tmp_path / 'store', results)) for rank in range(2)]
    for process in processes:
        process.start()
    found = {rank: rest for rank, *rest in (results.get(timeout=60) for _ in processes)}
    for process in processes:
        process.join()
    layer, *tokens = parts()
    loss = LOSS(*(layer(part) for part in tokens))
    loss.backward()
    torch.testing.assert_close(torch.tensor(found[0][0] + found[1][0]) / 2, loss.detach())
    for rank in range(2):
        torch.testing.assert_close(torch.tensor(found[rank][1]), layer.weight.grad, atol=1e-6, rtol=1e-4)
