"""The UPerNet head of SkySense++ pretraining against published logits."""

import pytest
import torch
from skysense import Reference, assert_near

from mmrs.models.heads.skysense_head import skysense_head


@pytest.mark.parametrize(('rounded', 'output'), [(True, 'logits'), (False, 'logits_without_bf16_rounding')])
def test_published_logits(fixtures_dir, rounded, output):
    reference = Reference(fixtures_dir, 'uperhead')
    head = skysense_head((16, 16, 32, 64, 32), 7, channels=12, round_pooled=rounded).eval()
    head.load_state_dict(reference.weights)
    with torch.no_grad():
        found = head([reference.inputs[f'x{level}'] for level in range(5)])
    assert_near(found, reference.outputs[output])
