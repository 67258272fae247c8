from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from weights.tiny_vit import tiny_backbone, vit_keys

from mmrs.errors import WeightsError
from mmrs.weights.convert import KeyFormat, detect_format, find_prefixes, from_mmrs, to_mmrs

MODELS = st.builds(vit_keys, depth=st.integers(1, 12), swiglu=st.booleans())
PREFIXES = st.sampled_from(['', 'backbone.', 'module.', 'encoder.', 'module.backbone.', 'image_encoder.vit.'])


def numbered(keys: list[str]) -> dict[str, int]:
    """Values that tell where each came from: a permutation would show."""
    return {key: index for index, key in enumerate(keys)}


@pytest.mark.parametrize('ffn', ['mlp', 'swiglu'])
def test_published_key_map(fixtures_dir, ffn):
    key_map = json.loads((fixtures_dir / 'cgeartheye/key_map_dinov2_to_mmpretrain.json').read_text())[ffn]
    ours, theirs = numbered(list(key_map)), {new: index for index, new in enumerate(key_map.values())}
    assert from_mmrs(ours, KeyFormat.MMPRETRAIN) == theirs
    assert to_mmrs(theirs).state == ours
    assert to_mmrs(ours).state == ours


@pytest.mark.parametrize('name', ['dinov2_mlp_ls', 'dinov2_swiglu_ls'])
def test_published_state_dict_fills_our_backbone_whichever_way_it_came(fixtures_dir, name):
    with np.load(fixtures_dir / f'cgeartheye/{name}.npz') as arrays:
        hub = {key[3:]: torch.from_numpy(arrays[key]) for key in arrays.files if key.startswith('sd/')}
    ffn = 'swiglu' if 'swiglu' in name else 'mlp'
    model = tiny_backbone(size={'embed_dims': 48, 'num_layers': 4, 'num_heads': 3, 'ffn': ffn}, img_size=70)
    ours = to_mmrs(hub)
    assert ours.key_format is KeyFormat.DINOV2
    assert ours.dropped == ('mask_token',)
    model.load_state_dict(ours.state, strict=True)
    round_trip = to_mmrs(from_mmrs(ours.state, KeyFormat.MMPRETRAIN))
    assert round_trip.key_format is KeyFormat.MMPRETRAIN
    assert list(round_trip.state) == list(ours.state)
    assert all(torch.equal(round_trip.state[key], value) for key, value in ours.state.items())
    assert all(round_trip.state[key] is value for key, value in ours.state.items())  # bit-exact: never copied


@given(keys=MODELS, prefix=PREFIXES)
def test_round_trip_through_mmpretrain_under_any_prefix(keys, prefix):
    ours = numbered(keys)
    theirs = from_mmrs(ours, KeyFormat.MMPRETRAIN, prefix)
    assert all(name.startswith(prefix) for name in theirs)
    back = to_mmrs(theirs)
    assert back.state == ours
    assert back.key_format is KeyFormat.MMPRETRAIN
    assert back.dropped == ()


@given(keys=MODELS, prefix=PREFIXES)
def test_our_names_are_a_fixed_point(keys, prefix):
    ours = numbered(keys)
    converted = to_mmrs({prefix + key: value for key, value in ours.items()})
    assert converted.state == ours
    assert to_mmrs(converted.state).state == ours
    assert converted.key_format is KeyFormat.DINOV2


@given(depth=st.integers(1, 12), swiglu=st.booleans(), chunk=st.integers(1, 12))
def test_chunked_teacher_blocks(depth, swiglu, chunk):
    def chunked(key: str) -> str:
        head, _, rest = key.partition('.')
        return f'blocks.{int(rest.split(".")[0]) // chunk}.{rest}' if head == 'blocks' else key

    ours = numbered(vit_keys(depth, swiglu))
    teacher = {f'backbone.{chunked(key)}': value for key, value in ours.items()}
    teacher |= {'backbone.mask_token': -1, 'dino_head.mlp.0.weight': -2, 'ibot_head.last_layer.weight': -3}
    converted = to_mmrs(teacher)
    assert converted.state == ours
    assert converted.key_format is KeyFormat.DINOV2_CHUNKED
    assert set(converted.dropped) == {
        'backbone.mask_token',
        'dino_head.mlp.0.weight',
        'ibot_head.last_layer.weight',
    }


def test_names_that_training_wrappers_put_in_are_taken_out():
    ours = numbered(vit_keys(2, False))
    wrapped = {f'module.backbone._orig_mod.{key}': value for key, value in ours.items()}
    assert to_mmrs(wrapped, 'backbone').state == ours
    fsdp = {key.replace('blocks.', '_fsdp_wrapped_module.blocks.'): value for key, value in ours.items()}
    assert to_mmrs(fsdp).state == ours


def test_the_mask_token_stays_for_a_model_that_has_one():
    ours = numbered([*vit_keys(1, False), 'mask_token'])
    assert 'mask_token' not in to_mmrs(ours).state
    assert to_mmrs(ours, wanted=['mask_token']).state == ours
    assert 'mask_token' not in from_mmrs(ours, KeyFormat.MMPRETRAIN)


def test_unknown_names_pass_unchanged():
    state = {'stages.0.weight': 1, 'head.bias': 2}
    converted = to_mmrs(state)
    assert (converted.state, converted.key_format) == (state, KeyFormat.UNKNOWN)


def test_swin_names_are_not_taken_for_a_plain_vit():  # SkySense's is mmpretrain's naming
    keys = ['patch_embed.projection.weight', 'stages.0.blocks.0.attn.w_msa.qkv.weight']
    assert detect_format(keys) is KeyFormat.SKYSENSE_HR
    assert find_prefixes(['patch_embed.proj.weight', 'layers.0.blocks.0.attn.qkv.weight']) == []


def test_two_models_need_a_prefix():
    ours = numbered(vit_keys(1, True))
    both = {f'{part}.{key}': value for part in ('student', 'teacher') for key, value in ours.items()}
    with pytest.raises(WeightsError, match=r"'student\.', 'teacher\.'"):
        to_mmrs(both)
    assert to_mmrs(both, 'teacher').state == ours
    assert to_mmrs(both, 'teacher.').state == ours


def test_a_prefix_narrows_but_a_file_that_is_the_part_alone_is_taken():
    ours = numbered(vit_keys(1, False))
    assert to_mmrs(ours, 'backbone').state == ours
    with pytest.raises(WeightsError, match='names that start with backbone'):
        to_mmrs({f'encoder.{key}': value for key, value in ours.items()}, 'backbone')


def test_two_tensors_under_one_name_are_an_error():
    ours = numbered(vit_keys(1, False))
    with pytest.raises(WeightsError, match=r'several tensors for blocks\.0\.norm1\.weight'):
        to_mmrs({**from_mmrs(ours, KeyFormat.MMPRETRAIN), 'blocks.0.norm1.weight': 99})


def test_register_tokens_have_no_place_in_mmpretrain():
    state = numbered([*vit_keys(1, False), 'register_tokens'])
    assert from_mmrs(state, KeyFormat.DINOV2) == state
    with pytest.raises(WeightsError, match='register_tokens'):
        from_mmrs(state, KeyFormat.MMPRETRAIN)


def test_mmpretrain_itself_takes_what_we_write_and_computes_the_same():
    pytest.importorskip('mmrs')  # before mmpretrain, which imports mmcv's operators
    from mmpretrain.models import VisionTransformer

    arch = {'embed_dims': 24, 'num_layers': 2, 'num_heads': 3, 'feedforward_channels': 96}
    theirs = VisionTransformer(arch, 56, 14, layer_scale_init_value=1.0, out_type='featmap')
    theirs.eval()  # returns None there
    ours = tiny_backbone(layer_scale_init=1.0).eval()
    theirs.load_state_dict(from_mmrs(ours.state_dict(), KeyFormat.MMPRETRAIN), strict=True)
    images = torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        torch.testing.assert_close(ours(images)[0], theirs(images)[0], atol=1e-5, rtol=0)


def test_a_whole_model_stays_whole_for_a_module_with_these_names():
    whole = {**numbered([f'backbone.{key}' for key in vit_keys(1, False)]), 'head.weight': -1}
    assert to_mmrs(whole, wanted=whole.keys()).state == whole
    assert to_mmrs(whole, '').state == whole
    assert to_mmrs(whole).dropped == ('head.weight',)
