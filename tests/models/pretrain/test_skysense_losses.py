"""Reconstruction loss of SkySense++ against published values."""

import pytest
import torch
from skysense import Reference, assert_near

from mmrs.errors import ConfigError
from mmrs.models.pretrain.skysense_losses import masked_pixels, reconstruction_loss


@pytest.mark.parametrize('balance', [True, False])
@pytest.mark.parametrize('everywhere', [True, False])
def test_every_setting(fixtures_dir, balance, everywhere):
    reference = Reference(fixtures_dir, 'rec_loss')
    logits, target, masks = (reference.inputs[key] for key in ('pred', 'target', 'mask'))
    found = reconstruction_loss(logits, target, None if everywhere else masks, balance)
    assert_near(found, reference.outputs[f'balance{int(balance)}_all{int(everywhere)}'], 1e-5)
    assert torch.equal(masked_pixels(masks, (64, 32)), reference.outputs['mask_pixels'].bool())


def test_similarity_of_tokens(fixtures_dir):
    reference = Reference(fixtures_dir, 'rec_loss')
    tokens = reference.inputs['vocabulary_token']
    found = reconstruction_loss(reference.inputs['pred'], reference.inputs['target'], tokens=tokens)
    assert_near(found, reference.outputs['simreg_balance1_all1'], 1e-5)


def test_mosaics_of_any_shape():
    masks = torch.tensor([[[1, 0, 0]]])
    assert masked_pixels(masks, (4, 6)).sum() == 8
    loss = reconstruction_loss(torch.randn(1, 3, 4, 6), torch.randint(0, 3, (1, 4, 6)), masks)
    assert loss.isfinite()


def test_nothing_masked_is_no_loss_and_no_nan():
    logits, target = torch.randn(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long)
    for balance in (True, False):
        assert reconstruction_loss(logits, target, torch.zeros(1, 2, 2), balance) == 0


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match='ids from 0 to 3.*0 to 2'):
        reconstruction_loss(torch.randn(1, 3, 2, 2), torch.tensor([[[0, 3], [1, 2]]]))
    with pytest.raises(ConfigError, match='divisor'):
        masked_pixels(torch.zeros(1, 3, 3), (4, 6))
