"""Pictures of pretraining: what is masked, what is put there, what is attended to."""

import torch
from skysense import TINY as SKYSENSE
from torch import nn

from mmrs.models.pretrain import CGEarthEyePretrain, MaRSPretrain, SkySensePretrain
from mmrs.models.pretrain.pictures import class_attention, colour_ids, pictures, prompt_pictures

HEAD = dict(prototypes=8, hidden_features=8, bottleneck=4)


def test_reconstruction_is_shown_where_patches_are_masked():
    size = dict(embed_dims=8, depths=(1, 1), num_heads=(1, 2))
    model = MaRSPretrain(size, teacher=False, mma=False, contrast_type='none').eval()
    images = torch.rand(3, 4, 32, 32)
    masks = torch.zeros(3, 8, 8, dtype=torch.bool)
    masks[:, :4] = True  # the upper half
    for layer in (model.decoder_rgb[0], model.decoder_sar[0]):
        nn.init.zeros_(layer.weight), nn.init.constant_(layer.bias, 50.0)  # brighter than any pixel
    with torch.no_grad():
        found = pictures(model, {'inputs': images, 'masks': masks}, 2)
    assert {name: picture.shape for name, picture in found.items()} == dict.fromkeys(
        ['reconstruction_rgb', 'reconstruction_sar'], (3, 64, 96)
    )
    masked, rebuilt, image = found['reconstruction_rgb'][:, :32].split(32, dim=2)
    assert (masked[:, :16] == 0.5).all() and (rebuilt[:, :16] == 1).all()
    assert torch.equal(masked[:, 16:], image[:, 16:]) and torch.equal(rebuilt[:, 16:], image[:, 16:])
    assert image.std() > 0.2 and image.min() == 0 and image.max() == 1
    with torch.no_grad():
        assert (pictures(model, {'inputs': images}, 1)['reconstruction_sar'] == 0.5).any()  # draws masks of its own


def test_attention_is_that_of_the_block():
    backbone = dict(type='mmrs.CGEarthEye', size=dict(embed_dims=12, num_layers=2, num_heads=3), img_size=42)
    model = CGEarthEyePretrain(backbone, HEAD).eval()
    teacher = model.teacher['backbone']
    images = torch.rand(2, 3, 42, 56)
    with torch.no_grad():
        shares = class_attention(teacher, images)
        assert shares.shape == (2, 3, 4)
        # With the patches as values, one by one, attention gives its own shares back.
        attention, seen = teacher.blocks[-1].attn, []
        handle = attention.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        teacher(images)
        handle.remove()
        query, key, _ = attention.qkv(seen[0]).unflatten(2, (3, 3, 4)).permute(2, 0, 3, 1, 4)
        values = torch.eye(13).expand(2, 3, 13, 13)
        whole = nn.functional.scaled_dot_product_attention(query, key, values)[:, :, 0].mean(1)
        torch.testing.assert_close(shares.flatten(1), whole[:, 1:])
        found = pictures(model, {'inputs': {'globals': images.expand(2, 2, 3, 42, 56)}}, 2)['attention']
    assert found.shape == (3, 84, 112) and found[:, :42, 56:].max() == 1 and found[:, :42, 56:].min() == 0
    assert not attention._forward_pre_hooks


def test_prompts_hide_what_is_hidden_and_colours_differ():
    ids = torch.tensor([[[0, 1], [2, 5]]])
    hidden = torch.tensor([[[False, False], [True, True]]])
    picture = prompt_pictures(torch.rand(1, 3, 2, 2), ids, hidden, ids.flip(1))
    shown, answer, truth = picture[:, :, 2:].split(2, dim=2)
    assert torch.equal(shown[:, 0], truth[:, 0]) and (shown[:, 1] == 0.5).all()
    assert torch.equal(answer, truth.flip(1))
    colours = colour_ids(torch.arange(64)[None, None])[0, :, 0]
    assert (colours[:, 0] == 0).all() and len({tuple(colour) for colour in colours.T.tolist()}) == 64


def test_prompts_of_the_second_stage():
    model = SkySensePretrain({**SKYSENSE, 'modalities': ('hr',), 'completion': None}).eval()
    hidden = torch.zeros(3, 8, 4, dtype=torch.bool)
    hidden[:, 4:] = True
    inputs = dict(
        images=dict(hr=torch.rand(3, 3, 128, 64)), annotations=torch.randint(0, 7, (3, 128, 64)), masks=hidden
    )
    with torch.no_grad():
        found = pictures(model, {'inputs': inputs}, 2)['prompt']
    assert found.shape == (3, 256, 256)
    shown, answer, truth = found[:, :128, 64:].split(64, dim=2)
    assert torch.equal(shown[:, :64], truth[:, :64]) and (shown[:, 64:] == 0.5).all() and not torch.equal(answer, truth)


def test_other_models_have_none():
    assert pictures(nn.Linear(1, 1), {}, 4) == {}
