"""What saves memory changes nothing else: halves of a batch, blocks computed twice, bfloat16, in all three systems."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from skysense import TINY as SKYSENSE
from torch import nn

from mmrs.engine import AmpOptimWrapper
from mmrs.errors import ConfigError
from mmrs.models.pretrain import CGEarthEyePretrain, MaRSPretrain, SkySensePretrain

HEAD = dict(prototypes=8, hidden_features=16, bottleneck=8)
Batch = dict[str, Any]


def cgeartheye(**options: Any) -> tuple[nn.Module, Callable[[slice], Batch]]:
    size = dict(embed_dims=24, num_layers=2, num_heads=3)
    backbone = dict(type='mmrs.CGEarthEye', size=size, img_size=28, patch_size=7, **options)
    model = CGEarthEyePretrain(backbone, HEAD, HEAD, targets=dict(method='centering'), koleo_weight=0.0)
    globals_, locals_ = torch.randn(2, 4, 3, 28, 28), torch.randn(3, 4, 3, 14, 14)
    masks = torch.rand(2, 4, 16).argsort(2) < 5
    return model, lambda part: dict(
        inputs=dict(globals=globals_[:, part], locals=locals_[:, part]), masks=masks[:, part].flatten(0, 1)
    )


def mars(**options: Any) -> tuple[nn.Module, Callable[[slice], Batch]]:
    size = dict(embed_dims=8, depths=(1, 2), num_heads=(1, 2))
    model = MaRSPretrain(size, mma=dict(num_layers=1, num_heads=2), contrast_type='none', window_size=2, **options)
    images, masks = torch.randn(4, 4, 32, 32), torch.rand(4, 64).argsort(1).view(4, 8, 8) < 32
    return model, lambda part: dict(inputs=images[part], masks=masks[part])


def skysensepp(**options: Any) -> tuple[nn.Module, Callable[[slice], Batch]]:
    network = copy.deepcopy(SKYSENSE)
    for part in ('backbone_hr', 'backbone_s2', 'backbone_s1', 'fusion'):
        network[part].update(options)
    model = SkySensePretrain(network, balance=False)
    images = dict(hr=torch.randn(4, 3, 256, 128), s2=torch.randn(4, 10, 1, 8, 4), s1=torch.randn(4, 2, 1, 8, 4))
    notes, masks = torch.randint(0, 7, (4, 256, 128)), torch.tensor([[[0], [1]]] * 4)
    return model, lambda part: dict(
        inputs=dict(
            images={name: image[part] for name, image in images.items()}, annotations=notes[part], masks=masks[part]
        )
    )


SYSTEMS = [cgeartheye, mars, skysensepp]
WHOLE, HALVES = slice(0, 4), (slice(0, 2), slice(2, 4))


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    losses = model(**batch, mode='loss')
    return sum(value for name, value in losses.items() if 'loss' in name)


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize('build', SYSTEMS)
def test_two_halves_learn_what_the_batch_learns(build: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    model, batch = build()
    model.eval()  # nothing is drawn, and batch norm does not see the halves
    start = {name: value.clone() for name, value in model.state_dict().items()}
    found = []
    for parts in ((WHOLE,), HALVES):
        model.load_state_dict(start)
        trained = [p for p in model.parameters() if p.requires_grad]
        wrapper = OptimWrapper(torch.optim.SGD(trained, lr=0.1), accumulative_counts=len(parts))
        wrapper.initialize_count_status(model, 0, len(parts))
        for part in parts:
            with wrapper.optim_context(model):
                loss = loss_of(model, batch(part))
            wrapper.update_params(loss)
        found.append({name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad})
    moved = [name for name in found[0] if not torch.equal(found[0][name], start[name])]
    assert len(moved) > 0.4 * len(found[0])
    for name in found[0]:
        torch.testing.assert_close(found[1][name], found[0][name], rtol=1e-4, atol=2e-6, msg=name)


@pytest.mark.parametrize('build', SYSTEMS)
def test_blocks_that_are_computed_twice_have_the_same_gradients(build: Callable[..., Any]) -> None:
    found = []
    for recompute in (False, True):
        torch.manual_seed(0)
        model, batch = build(with_cp=recompute, drop_path_rate=0.3)
        torch.manual_seed(1)
        loss = loss_of(model.train(), batch(WHOLE))
        loss.backward()
        found.append((loss.item(), gradients(model)))
    assert found[0][0] == found[1][0] and found[0][1].keys() == found[1][1].keys()
    for name, value in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], value, rtol=1e-5, atol=1e-7, msg=name)


@pytest.mark.parametrize('build', SYSTEMS)
def test_less_is_kept_for_the_backward_pass(build: Callable[..., Any]) -> None:
    kept = []
    for recompute in (False, True):
        torch.manual_seed(0)
        model, batch = build(with_cp=recompute)
        sizes: dict[int, int] = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=sizes: s.update({t.data_ptr(): t.nbytes}) or t, lambda t: t
        ):
            loss_of(model.train(), batch(WHOLE))
        kept.append(sum(sizes.values()))
    assert kept[1] < 0.9 * kept[0], kept


@pytest.mark.parametrize('build', SYSTEMS)
def test_bfloat16_on_a_cpu(build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mmrs.engine.amp.get_device', lambda: 'cpu')
    torch.manual_seed(0)
    model, batch = build()
    model.eval()
    plain = loss_of(model, batch(WHOLE)).item()
    start = [p.clone() for p in model.parameters()]
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    wrapper = AmpOptimWrapper(optimizer=optimizer, dtype='bfloat16', clip_grad=dict(max_norm=1.0))
    with wrapper.optim_context(model):
        loss = loss_of(model, batch(WHOLE))
    assert loss.dtype is torch.float32 and loss.item() == pytest.approx(plain, rel=0.03) and loss.item() != plain
    wrapper.update_params(loss)
    assert all(p.dtype is torch.float32 and torch.isfinite(p).all() for p in model.parameters())
    assert any(not torch.equal(p, before) for p, before in zip(model.parameters(), start, strict=True))
    assert wrapper.state_dict()['loss_scaler'] == {}


def test_float16_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mmrs.engine.amp.get_device', lambda: 'cpu')
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    with pytest.raises(ConfigError, match='float16 and no GPU; expected bfloat16 on a CPU'):
        AmpOptimWrapper(optimizer=optimizer, dtype='float16')
