"""The SwinV2 block against mmpretrain's (published arrays) and timm's (run here)."""

import copy
import pickle

import pytest
import torch
from reference import randomise, read
from timm.models.swin_transformer_v2 import PatchMerging as TimmMerging
from timm.models.swin_transformer_v2 import SwinTransformerV2Block

from mmrs.errors import ConfigError
from mmrs.models.layers import PatchMerging, SwinBlockV2, WindowAttentionV2, plan_windows, relative_coords


def ours_of(names):
    """Names of mmpretrain's block in ours."""
    table = {'attn.w_msa.': 'attn.', 'ffn.layers.0.0.': 'mlp.fc1.', 'ffn.layers.1.': 'mlp.fc2.'}
    for theirs, ours in table.items():
        names = {name.replace(theirs, ours): value for name, value in names.items()}
    return names


@pytest.mark.parametrize('name', ['swin_block_plain', 'swin_block_pretrainwin'])
def test_block_of_mmpretrain(name, fixtures_dir):
    reference = read(fixtures_dir / 'skysensepp' / f'{name}.npz')
    options = reference.meta['kwargs_json']
    block = SwinBlockV2(
        options['embed_dims'],
        options['num_heads'],
        options['window_size'],
        shifted=options['shift'],
        extra_norm=options['extra_norm'],
        pretrained_window_size=options['pretrained_window_size'],
        drop_path_before_norm=True,
        window_rule='mmpretrain',
    ).eval()
    # strict: the tables of the file, which depend on the window, are no parameters of ours
    block.load_state_dict(ours_of(reference.sd))
    x = reference.inputs['x'].unflatten(1, options['hw_shape'])
    torch.testing.assert_close(block(x).flatten(1, 2), reference.out['y'], atol=1e-5, rtol=0)


def test_patch_merging_of_mmpretrain(fixtures_dir):
    reference = read(fixtures_dir / 'skysensepp' / 'swin_patch_merging.npz')
    merging = PatchMerging(8, 16, order='unfold')
    merging.load_state_dict(reference.sd)
    x = reference.inputs['x'].unflatten(1, reference.meta['kwargs_json']['hw_shape'])
    torch.testing.assert_close(merging(x).flatten(1, 2), reference.out['y'], atol=1e-5, rtol=0)


def test_patch_merging_of_timm():
    theirs = randomise(TimmMerging(8))
    ours = PatchMerging(8, 16)
    ours.load_state_dict(theirs.state_dict())
    for size in ((6, 4), (5, 7)):
        x = torch.randn(2, *size, 8)
        torch.testing.assert_close(ours(x), theirs(x), atol=1e-6, rtol=0)
    with pytest.raises(ConfigError, match='merge_order'):
        PatchMerging(8, 16, order='random')


@pytest.mark.parametrize('size', [(16, 16), (16, 8), (14, 19), (3, 5)])
@pytest.mark.parametrize('shifted', [False, True])
def test_block_and_gradients_of_timm(size, shifted):
    theirs = SwinTransformerV2Block(24, size, 3, 4, 2 * shifted, dynamic_mask=True, pretrained_window_size=6)
    randomise(theirs, 0.1)
    ours = SwinBlockV2(24, 3, 4, shifted, pretrained_window_size=6, window_rule='timm')
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, *size, 24)
    found, expected = ours(x), theirs(x)
    torch.testing.assert_close(found, expected, atol=5e-6, rtol=0)
    found.square().mean().backward()
    expected.square().mean().backward()
    gradients = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name].grad, atol=1e-5, rtol=1e-4)


def test_new_block_is_the_identity():
    x = torch.randn(1, 8, 8, 12)
    assert torch.equal(SwinBlockV2(12, 3, 4)(x), x)


def test_a_path_dropped_before_the_norm_still_adds_its_bias():
    x = torch.zeros(1, 4, 4, 12)
    for before, expected in ((True, 2.0), (False, 0.0)):
        block = SwinBlockV2(12, 3, 4, drop_path=0.999999, drop_path_before_norm=before).train()
        torch.nn.init.ones_(block.norm1.bias)
        torch.nn.init.ones_(block.norm2.bias)
        assert block(x).mean().item() == pytest.approx(expected)


def test_extra_norm_is_on_the_trunk():
    block = SwinBlockV2(12, 3, 4, extra_norm=True)
    out = block(5 + 3 * torch.randn(1, 4, 4, 12))
    torch.testing.assert_close(out.mean(-1), torch.zeros(1, 4, 4), atol=1e-5, rtol=0)


def test_window_of_one_cell():
    assert relative_coords((1, 1), (0, 0)).tolist() == [[[0.0, 0.0]]]
    assert torch.isfinite(SwinBlockV2(12, 3, 1)(torch.randn(1, 3, 2, 12))).all()


class TestKeptBias:
    plan = plan_windows((4, 4), (4, 4), False, 'clip')

    def attention(self):
        return randomise(WindowAttentionV2(12, 3)).eval()

    def test_is_computed_once(self, monkeypatch):
        attention, windows = self.attention(), torch.randn(2, 16, 12)
        with torch.no_grad():
            first = attention(windows, self.plan)
            monkeypatch.setattr(attention, 'position_bias', None)
            assert torch.equal(attention(windows, self.plan), first)
            with pytest.raises(TypeError):
                attention(torch.randn(2, 4, 12), plan_windows((2, 2), (4, 4), False, 'clip'))

    @pytest.mark.parametrize(
        'change',
        [
            lambda a: a.cpb_mlp[2].weight.add_(1),
            lambda a: (setattr(a.cpb_mlp[2].weight, 'data', a.cpb_mlp[2].weight + 1), a.eval()),
            lambda a: a.load_state_dict({name: value + 1 for name, value in a.state_dict().items()}),
        ],
    )
    def test_follows_the_weights(self, change):
        attention, windows = self.attention(), torch.randn(2, 16, 12)
        with torch.no_grad():
            attention(windows, self.plan)
            change(attention)
            fresh = self.attention()
            fresh.load_state_dict(attention.state_dict())
            assert torch.equal(attention(windows, self.plan), fresh(windows, self.plan))

    def test_does_not_stop_gradients_or_copies(self):
        attention, windows = self.attention(), torch.randn(2, 16, 12)
        with torch.inference_mode():
            attention(windows, self.plan)
        attention(windows, self.plan).sum().backward()
        assert attention.cpb_mlp[0].weight.grad.abs().sum() > 0
        assert copy.deepcopy(attention)._kept is None
        assert pickle.loads(pickle.dumps(attention))._kept is None
