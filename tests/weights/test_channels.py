"""Named rules for other input channels."""

import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.weights.channels import adapt_input_channels

KERNEL = torch.randn(5, 3, 2, 2)


def test_a_subset_answers_as_loudly_as_the_whole_to_like_bands():
    image = torch.randn(1, 1, 2, 2).expand(-1, 3, -1, -1)
    equal = KERNEL[:, :1].expand(-1, 3, -1, -1)
    fitted = adapt_input_channels(equal, 'select', ('a', 'b', 'c'), ('c', 'a'))
    whole = torch.nn.functional.conv2d(image, equal)
    torch.testing.assert_close(torch.nn.functional.conv2d(image[:, :2], fitted), whole)


def test_selection_is_by_name():
    fitted = adapt_input_channels(KERNEL, 'select', ('a', 'b', 'c'), ('c', 'a'))
    assert torch.equal(fitted, KERNEL[:, [2, 0]] * 1.5)


def test_a_grey_image_gives_what_three_equal_channels_did():
    grey = torch.randn(1, 1, 4, 4)
    expected = torch.nn.functional.conv2d(grey.expand(-1, 3, -1, -1), KERNEL)
    torch.testing.assert_close(torch.nn.functional.conv2d(grey, adapt_input_channels(KERNEL, 'sum')), expected)


def test_infrared_is_red():
    fitted = adapt_input_channels(KERNEL, 'nir-from-red')
    assert torch.equal(fitted[:, :3], KERNEL) and torch.equal(fitted[:, 3], KERNEL[:, 0])


@pytest.mark.parametrize(('rule', 'have', 'want', 'message'), [
    ('mean', (), (), 'channel_rule.*select'),
    ('select', ('a', 'b', 'c'), ('a', 'd'), 'a, d.*among a, b, c'),
    ('select', ('a', 'b', 'c'), (), 'none'),
    ('select', ('a', 'b'), ('a',), 'weights for 3 channels.*2: a, b'),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(rule, have, want, message):
    with pytest.raises(ConfigError, match=message):
        adapt_input_channels(KERNEL, rule, have, want)


def test_infrared_needs_rgb():
    with pytest.raises(ConfigError, match='2 channels'):
        adapt_input_channels(KERNEL[:, :2], 'nir-from-red')
