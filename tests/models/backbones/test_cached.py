"""Cached features: equal to computed ones, found only by equal weights, config and input, safe on broken disks."""

from __future__ import annotations

import copy
import errno
import multiprocessing
import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_state_dict
from mmengine.runner.checkpoint import get_state_dict
from tiny_run import write_run
from torch import nn

from mmrs.apis.train import train
from mmrs.errors import ConfigError
from mmrs.models.backbones import CachedFeatures, _feature_store
from mmrs.models.backbones._feature_store import ABANDONED, FeatureStore
from mmrs.registry import MODELS

TINY = dict(embed_dims=24, num_layers=2, num_heads=3)
VIT = dict(type='mmrs.CGEarthEye', size=TINY, img_size=28, out_indices=(0, 1), frozen_stages=2)


def cached(folder: Path, seed: int = 0, **changes: object) -> CachedFeatures:
    options = {name: changes.pop(name) for name in ('max_bytes', 'cache_features') if name in changes}
    torch.manual_seed(seed)
    return CachedFeatures({**VIT, **changes}, cache_dir=folder, **options)


def counts(model: CachedFeatures) -> tuple[int, int]:
    return model.store.hits, model.store.misses


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob('*.safetensors'))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 28, 42)


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """What the log is told."""
    lines: list[str] = []
    monkeypatch.setattr(_feature_store, 'print_log', lambda text, *_: lines.append(text))
    return lines


def test_found_features_equal_computed_ones_in_any_order(tmp_path, images):
    model = cached(tmp_path)
    expected = model.module(images)
    first = model(images)
    assert counts(model) == (0, 3) and len(files(tmp_path)) == 3
    again = model(images[[2, 0]])
    assert counts(model) == (2, 3)
    mixed = model(torch.cat([images[1:2], torch.ones_like(images[:1]), images[:1]]))
    assert counts(model) == (4, 4)
    for level in range(2):
        assert torch.equal(first[level], expected[level])
        assert torch.equal(again[level], expected[level][[2, 0]])
        assert torch.equal(mixed[level][[0, 2]], expected[level][[1, 0]])
        assert not again[level].requires_grad


def test_another_process_finds_them_and_eval_and_training_share_them(tmp_path, images):
    cached(tmp_path).train()(images)
    model = cached(tmp_path).eval()
    model(images)
    assert counts(model) == (3, 0)


@pytest.mark.parametrize(
    'changes', [dict(seed=1), dict(out_indices=(0,)), dict(final_norm='none'), dict(frozen_dtype='bfloat16')]
)
def test_other_weights_or_config_find_nothing(tmp_path, images, changes):
    cached(tmp_path)(images)
    model = cached(tmp_path, **changes)
    model(images)
    assert counts(model) == (0, 3)


def test_a_weight_that_changes_later_is_noticed(tmp_path, images):
    model = cached(tmp_path)
    model(images)
    with torch.no_grad():
        model.module.blocks[0].mlp.fc1.bias[3] += 1e-6
    model(images)
    assert counts(model) == (0, 6)
    model.module.blocks[0].mlp.fc1.bias.data[3] += 1e-6  # as averaged weights are exchanged
    model.train()
    model(images)
    assert counts(model) == (0, 9)


def test_other_values_types_or_autocast_find_nothing(tmp_path, images):
    model = cached(tmp_path)
    model(images)
    changed = images.clone()
    changed[:, 0, 0, 0] = changed[:, 0, 0, 0].nextafter(torch.tensor(9.0))
    for other in (changed, images.flip(3), images[..., :28], images.double().bfloat16().float()):
        model(other)
    with torch.autocast('cpu', torch.bfloat16):
        model(images)
    assert model.store.hits == 0


def test_bfloat16_stays(tmp_path, images):
    model = cached(tmp_path, frozen_dtype='bfloat16', final_norm='none')
    half = images.bfloat16()
    first = model(half)
    again = model(half)
    assert counts(model) == (3, 3)
    assert again[0].dtype == torch.bfloat16
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])


@pytest.mark.parametrize('damage', ['cut', 'bit', 'empty', 'text'])
def test_a_damaged_file_is_said_and_computed_again(tmp_path, images, damage, said):
    model = cached(tmp_path)
    expected = model(images[:1])
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes({'cut': data[:-100], 'bit': data, 'empty': b'', 'text': b'x' * 99}[damage])
    found = model(images[:1])
    assert torch.equal(found[0], expected[0])
    assert counts(model) == (0, 2)
    model(images[:1])
    assert counts(model) == (1, 2)  # mended
    assert len(said) == 1 and said[0].endswith('damaged, computed again')


def test_the_size_is_bounded_and_said_once(tmp_path, images, said):
    cached(tmp_path / 'probe')(images[:1])
    size = files(tmp_path / 'probe')[0].stat().st_size
    model = cached(tmp_path / 'a', max_bytes=2 * size + 10)
    first = model(images)
    model(torch.ones_like(images))
    assert len(files(tmp_path / 'a')) == 2
    again = model(images)
    assert model.store.hits == 2 and torch.equal(first[0], again[0])
    assert len(said) == 1 and 'no more features are stored' in said[0] and 'random augmentation' in said[0]
    # the bound holds for all processes together, and deleting files makes room
    other = cached(tmp_path / 'a', max_bytes=2 * size + 10)
    other(images)
    assert len(files(tmp_path / 'a')) == 2
    files(tmp_path / 'a')[0].unlink()
    other = cached(tmp_path / 'a', max_bytes=2 * size + 10)
    other(images)
    assert len(files(tmp_path / 'a')) == 2 and other.store.stored == 1


def test_a_full_disk_stops_storing_not_training(tmp_path, images, monkeypatch, said):
    model = cached(tmp_path)

    def refuse(path: Path, data: bytes) -> int:
        with open(path, 'wb') as file:
            file.write(data[:50])
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(Path, 'write_bytes', refuse)
    assert torch.equal(model(images)[0], model.module(images)[0])
    model(images)
    assert [path for path in tmp_path.rglob('*') if 'safetensors' in path.name] == []
    assert len(said) == 1 and 'the disk is full' in said[0]


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigError, match='Choose another cache_dir'):
        cached(tmp_path / 'file')
    with pytest.raises(ConfigError, match='max_bytes'):
        cached(tmp_path, max_bytes=0)
    with pytest.raises(ConfigError, match='a config with a type'):
        CachedFeatures({'size': 'small'}, cache_dir=tmp_path)


def test_what_a_killed_process_left_goes(tmp_path, images):
    cached(tmp_path)(images[:1])
    folder = files(tmp_path)[0].parent
    old, new = folder / '.a.safetensors.1.a.tmp', folder / '.b.safetensors.2.b.tmp'
    for path in (old, new):
        path.write_bytes(b'x')
    os.utime(old, (1, old.stat().st_mtime - ABANDONED - 1))
    cached(tmp_path)
    assert not old.exists() and new.exists()


def test_a_setting_that_changes_later_is_noticed(tmp_path, images):
    model = cached(tmp_path)
    model(images)
    model.module.out_indices = (1,)
    assert len(model(images)) == 1 and counts(model) == (0, 6)


def test_what_is_not_frozen_is_refused(tmp_path, images):
    with pytest.raises(ConfigError, match=r'trained parameters .*blocks\.1.*Freeze it \(frozen_stages\)'):
        cached(tmp_path, frozen_stages=1)(images)


def test_switched_off(tmp_path, images):
    model = cached(tmp_path, cache_features=False)
    model(images)
    assert files(tmp_path) == [] and counts(model) == (0, 0)


def test_never_drops_paths_and_serves_attributes(tmp_path, images):
    model = cached(tmp_path, drop_path_rate=0.9, frozen_drop_path=True).train()
    assert model.training and not model.module.blocks[1].training
    assert torch.equal(model(images)[0], cached(tmp_path, cache_features=False)(images)[0])
    assert model.embed_dims == 24 and model.get_layer_depth('backbone.blocks.1.x', 'backbone.') == (2, 4)
    with pytest.raises(AttributeError):
        model.no_such_thing  # noqa: B018


def test_checkpoints_have_the_names_of_the_backbone(tmp_path):
    plain = nn.ModuleDict({'backbone': MODELS.build(dict(VIT))})
    wrapped = nn.ModuleDict({'backbone': cached(tmp_path, seed=5)})
    state = get_state_dict(wrapped)
    assert list(state) == list(wrapped.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(wrapped.state_dict())
    for load in (lambda model, values: model.load_state_dict(values), lambda m, v: load_state_dict(m, v, strict=True)):
        other = nn.ModuleDict({'backbone': cached(tmp_path, seed=6)})
        load(other, copy.deepcopy(state))
        assert torch.equal(other['backbone'].module.pos_embed, plain['backbone'].pos_embed)


class ByName(nn.Module):
    """A backbone that takes a dict of modalities and an optional argument."""

    def forward(self, inputs: dict[str, torch.Tensor], scale: float = 1.0, shift: torch.Tensor | None = None) -> tuple:
        total = sum(value.mean((1, 2, 3), keepdim=True) for value in inputs.values()) * scale
        return (total if shift is None else total + shift[:, None, None, None],)


class Alone(ByName):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


@pytest.fixture
def registered():
    for kind in (ByName, Alone):
        MODELS.register_module(module=kind, force=True)
    yield
    for kind in (ByName, Alone):
        MODELS.module_dict.pop(kind.__name__)


def test_several_inputs_of_several_shapes(tmp_path, registered):
    model = CachedFeatures(dict(type='mmrs.ByName'), cache_dir=tmp_path)
    inputs = {'optical': torch.randn(4, 3, 8, 8), 'sar': torch.randn(4, 1, 4, 4)}
    shift = torch.randn(4)
    for options in (dict(), dict(scale=2.0), dict(shift=shift), dict(shift=-shift)):
        model(inputs, **options)
    assert counts(model) == (0, 16)
    assert torch.equal(model(inputs, shift=shift)[0], model.module(inputs, shift=shift)[0])
    model({'optical': inputs['optical']})
    model({'sar': inputs['sar']})
    assert counts(model) == (4, 24)
    with pytest.raises(ConfigError, match='batches of one size'):
        model({'optical': inputs['optical'], 'sar': inputs['sar'][:2]})
    with pytest.raises(ConfigError, match='an argument of object'):
        model(inputs, object())
    with pytest.raises(ConfigError, match='a tuple of tensors'):
        CachedFeatures(dict(type='mmrs.Alone'), cache_dir=tmp_path)(shift)


def _fill(folder: str, first: int) -> None:
    store = FeatureStore(folder, 10**9)
    for index in list(range(first, 40)) + list(range(first)):
        store.put(f'{index:02d}' * 8, [torch.full((50, 50), float(index))])


def test_processes_that_write_at_once(tmp_path):
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=_fill, args=(str(tmp_path), first)) for first in (0, 0, 20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    store = FeatureStore(tmp_path, 10**9)
    assert len(files(tmp_path)) == 40 and not list(tmp_path.rglob('*.tmp'))
    assert all(store.get(f'{index:02d}' * 8)[0].eq(index).all() for index in range(40))
    assert int((tmp_path / '.bytes').read_text()) == sum(path.stat().st_size for path in files(tmp_path))


@pytest.mark.parametrize('augmented', [False, True])
def test_a_run_of_a_host_computes_each_image_once(tmp_path, augmented, monkeypatch):
    config = Config.fromfile(write_run(tmp_path, iterations=8))
    backbone = dict(VIT, img_size=28, out_strides=(8, 16), init_cfg=None)
    config.model.backbone = dict(type='mmrs.CachedFeatures', backbone=backbone, cache_dir=str(tmp_path / 'cache'))
    config.model.decode_head.in_channels = 24
    loading = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    loading += [dict(type='PhotoMetricDistortion')] if augmented else []
    loader = config.train_dataloader
    loader.dataset.pipeline = [*loading, dict(type='PackSegInputs')]
    loader.batch_size = 3
    config.model.data_preprocessor.size = (48, 48)
    config.work_dir = str(tmp_path / 'run')
    built: list[CachedFeatures] = []
    init = CachedFeatures.__init__
    monkeypatch.setattr(
        CachedFeatures, '__init__', lambda self, *args, **options: (init(self, *args, **options), built.append(self))[0]
    )
    train(config)
    hits, misses = counts(built[0])
    # 24 training images; three validations of 6, without augmentation; without it, training sees the same 6
    assert (hits, misses) == ((12, 24 + 6) if augmented else (24 + 12, 6))
