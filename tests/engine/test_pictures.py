"""TensorBoard's file holds what was given to it, and a run does without it where it is not installed."""

import sys

import numpy as np
import pytest
import torch

from mmrs.engine import TensorboardVisBackend


def test_event_file_has_curves_and_pictures(tmp_path):
    pytest.importorskip('tensorboard', reason='`make env` installs it')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    backend = TensorboardVisBackend(str(tmp_path))
    backend.add_scalars({'loss': 0.5, 'probe/knn': torch.tensor(0.25)}, step=3)
    backend.add_image('attention', np.full((6, 8, 3), 200, np.uint8), step=3)
    backend.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars('probe/knn')] == [(3, 0.25)]
    assert [(image.step, image.height, image.width) for image in events.Images('attention')] == [(3, 6, 8)]


def test_without_tensorboard_the_run_goes_on(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr('mmrs.engine.pictures.print_log', lambda text, **_: told.append(text))
    for name in [name for name in sys.modules if name.startswith('torch.utils.tensorboard')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'tensorboard', None)
    backend = TensorboardVisBackend(str(tmp_path))
    backend.add_scalars({'loss': 0.5}, step=3)
    backend.add_image('attention', np.zeros((2, 2, 3), np.uint8), step=3)
    backend.close()
    assert len(told) == 1 and "pip install 'mmrs[tensorboard]'" in told[0]
    assert not list(tmp_path.glob('events*'))
