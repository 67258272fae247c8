"""What the checkpoint hook keeps, and when it lets go of older files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import Dataset

import mmrs.engine  # noqa: F401  (registers the hooks)
from mmrs.engine import find_resume_checkpoint
from mmrs.engine.checkpoint_hook import SafeCheckpointHook
from mmrs.errors import WeightsError
from mmrs.weights.files import read_checkpoint


class Numbers(Dataset):
    """Eight numbers."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor([float(index)])


class Line(BaseModel):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict:
        return {'loss': (self.layer(inputs) - inputs).square().mean()}


def make_runner(folder: Path, iterations: int = 8, **checkpoint) -> Runner:
    hook = dict(type='mmrs.SafeCheckpointHook', interval=2, by_epoch=False, **checkpoint)
    return Runner(
        model=Line(),
        work_dir=str(folder),
        train_dataloader=dict(
            batch_size=1, sampler=dict(type='DefaultSampler', shuffle=False), dataset=Numbers(), num_workers=0
        ),
        train_cfg=dict(by_epoch=False, max_iters=iterations),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        default_hooks=dict(checkpoint=hook),
        experiment_name=f'{folder.name}_{iterations}_{len(list(folder.iterdir())) if folder.exists() else 0}',
        log_level='ERROR',
    )


def checkpoints(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob('*.pth'))


def test_keeps_the_newest(tmp_path: Path) -> None:
    make_runner(tmp_path, max_keep_ckpts=2).train()
    assert checkpoints(tmp_path) == ['iter_6.pth', 'iter_8.pth']
    assert find_resume_checkpoint(tmp_path) == tmp_path / 'iter_8.pth'
    assert read_checkpoint(tmp_path / 'iter_8.pth')['meta']['iter'] == 8


def test_failed_write_keeps_the_only_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one kept checkpoint, the stock hook deletes it before it writes the next."""
    import mmrs.engine.atomic as atomic

    write = atomic.write_atomic

    def fails_late(path, data: bytes) -> None:
        if Path(path).name == 'iter_4.pth':
            write('/dev/full/iter_4.pth', data)
        write(path, data)

    monkeypatch.setattr(atomic, 'write_atomic', fails_late)
    with pytest.raises(WeightsError, match='iter_4.pth'):
        make_runner(tmp_path, max_keep_ckpts=1).train()
    assert checkpoints(tmp_path) == ['iter_2.pth']
    assert find_resume_checkpoint(tmp_path) == tmp_path / 'iter_2.pth'


def test_best_goes_after_the_new_best_is_written(tmp_path: Path) -> None:
    runner = make_runner(tmp_path, save_best='score', rule='greater')
    hook = next(hook for hook in runner.hooks if isinstance(hook, SafeCheckpointHook))
    seen = []
    save = runner.save_checkpoint

    def noting(*args, **kwargs) -> None:
        seen.append(sorted(path.name for path in tmp_path.glob('best*.pth')))
        save(*args, **kwargs)

    runner.train()
    runner.save_checkpoint = noting
    hook.after_val_epoch(runner, {'score': 0.5})
    first = checkpoints(tmp_path)
    runner.train_loop._iter += 2
    hook.after_val_epoch(runner, {'score': 0.7})
    assert 'best_score_iter_8.pth' in first
    assert ['best_score_iter_8.pth'] in seen[2:], 'the old best was gone before the new one was written'
    assert [name for name in checkpoints(tmp_path) if name.startswith('best')] == ['best_score_iter_10.pth']


def test_leftovers_of_a_kill_are_cleared(tmp_path: Path) -> None:
    (tmp_path / '.iter_2.pth.123.tmp').write_bytes(b'half')
    make_runner(tmp_path, iterations=2).train()
    assert not list(tmp_path.glob('.*.tmp'))


@pytest.mark.parametrize('pointer', ['', '/gone/iter_2.pth', '/gone/iter_9.pth'])
def test_damaged_pointer(tmp_path: Path, pointer: str) -> None:
    (tmp_path / 'iter_2.pth').write_bytes(b'x')
    (tmp_path / 'last_checkpoint').write_text(pointer)
    assert find_resume_checkpoint(tmp_path) == tmp_path / 'iter_2.pth'


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert find_resume_checkpoint(tmp_path) is None


@pytest.mark.parametrize(('counts', 'told'), [(2, False), (3, True)])
def test_checkpoints_that_would_lose_gradients_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: int, told: bool
) -> None:
    found: list[str] = []
    monkeypatch.setattr('mmrs.engine.checkpoint_hook.print_log', lambda text, **_: found.append(text))
    runner = make_runner(tmp_path / f'run{counts}', iterations=2)
    runner.optim_wrapper = runner.build_optim_wrapper(
        dict(optimizer=dict(type='SGD', lr=0.01), accumulative_counts=counts)
    )
    next(hook for hook in runner.hooks if isinstance(hook, SafeCheckpointHook)).before_train(runner)
    assert bool(found) is told and all('multiple of 3' in text for text in found)
