"""A checkpoint hook that always leaves a loadable checkpoint behind."""

from __future__ import annotations

import logging
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmrs.engine.atomic import remove_leftovers, write_atomic
from mmrs.registry import HOOKS


class _RemoveLater:
    """A file backend whose removals wait until the new file is safe."""

    def __init__(self, backend: Any) -> None:
        self.backend, self.waiting = backend, list[tuple[str, str]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def remove(self, path: str) -> None:
        self.waiting.append(('remove', path))

    def rmtree(self, path: str) -> None:
        self.waiting.append(('rmtree', path))

    def flush(self) -> None:
        for method, path in self.waiting:
            getattr(self.backend, method)(path)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` with its options and file names, made safe against kills and full disks.

    The stock hook deletes the outdated checkpoint before it writes the new one, and writes in place: a kill or a full
    disk in between leaves nothing to resume from. Here every file is written under a temporary name, synced and
    renamed; outdated files (``max_keep_ckpts``, ``save_best``) and the pointer ``last_checkpoint`` follow after that.

    Args:
        backend_args: Where to write; None means the local disk, atomically.
        **kwargs: See ``mmengine.hooks.CheckpointHook``.
    """

    file_backend: Any
    keep_ckpt_ids: deque[int]

    def __init__(self, *args: Any, backend_args: dict | None = None, **kwargs: Any) -> None:
        if backend_args is None and kwargs.get('file_client_args') is None:
            backend_args = {'backend': 'mmrs_atomic'}
        super().__init__(*args, backend_args=backend_args, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Clears what a killed run left half-written, and tells of checkpoints that would lose gradients."""
        super().before_train(runner)
        counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if not self.by_epoch and self.interval > 0 and self.interval % counts:
            text = f'Checkpoints every {self.interval} iterations, between steps of {counts}: a resumed run loses the '
            text += f'gradients that wait. Take a multiple of {counts} for default_hooks.checkpoint.interval.'
            print_log(text, logger='current', level=logging.WARNING)
        if is_main_process() and Path(self.out_dir).is_dir():
            remove_leftovers(self.out_dir)

    @contextmanager
    def _removing_last(self) -> Iterator[None]:
        backend = self.file_backend
        self.file_backend = _RemoveLater(backend)
        try:
            yield
            self.file_backend.flush()
        finally:
            self.file_backend = backend

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self._removing_last():
            super()._save_best_checkpoint(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = self._outdated(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        write_atomic(Path(runner.work_dir, 'last_checkpoint'), str(self.last_ckpt).encode())
        for path in outdated:
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _outdated(self, runner: Runner, step: int) -> list[str]:
        """Notes ``step`` as kept; returns the checkpoints that may go once it is written."""
        if self.max_keep_ckpts <= 0:
            return []
        kept = [*(kept for kept in self.keep_ckpt_ids if kept != step), step]
        dropped, kept = kept[: -self.max_keep_ckpts], kept[-self.max_keep_ckpts :]
        self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        return [self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(old)) for old in dropped]


def find_resume_checkpoint(work_dir: str | os.PathLike[str]) -> Path | None:
    """The checkpoint to continue from.

    Args:
        work_dir: Folder of a run.

    Returns:
        What ``last_checkpoint`` names; where that is missing, damaged or names a file that is gone (the folder was
        moved), the newest ``iter_N.pth`` or ``epoch_N.pth``; None if there is none.
    """
    folder = Path(work_dir)
    pointer = folder / 'last_checkpoint'
    text = pointer.read_text().strip() if pointer.is_file() else ''
    if text and Path(text).is_file():
        return Path(text)
    if text and (folder / Path(text).name).is_file():
        return folder / Path(text).name
    numbered = [path for path in folder.glob('*.pth') if re.fullmatch(r'(iter|epoch)_\d+', path.stem)]
    return max(numbered, key=lambda path: path.stat().st_mtime, default=None)
