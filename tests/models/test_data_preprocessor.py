"""Normalisation of any number of bands."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmrs.errors import ConfigError
from mmrs.models.data_preprocessor import SegDataPreProcessor


def test_every_band_gets_its_own_mean_and_deviation():
    bands = torch.arange(4.0)
    image = bands.view(4, 1, 1).expand(4, 6, 5) * 10 + 3
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 6, 5, dtype=torch.long)))
    model = SegDataPreProcessor(mean=[3.0, 13, 23, 30], std=[1.0, 2, 3, 6], size=(8, 8))
    out = model({'inputs': [image], 'data_samples': [sample]}, training=True)
    assert out['inputs'].shape == (1, 4, 8, 8)
    assert out['inputs'][0, :, 0, 0].tolist() == [0, 0, 0, 0.5]
    assert (out['inputs'][0, :, 6:] == 0).all() and (out['data_samples'][0].gt_sem_seg.data[0, 6:] == 255).all()


def test_a_sensor_brings_its_statistics():
    model = SegDataPreProcessor(sensor='sentinel1-grd')
    image = torch.tensor([-12.54847273, -20.19237134]).view(2, 1, 1).expand(2, 4, 4)
    torch.testing.assert_close(model({'inputs': [image]})['inputs'], torch.zeros(1, 2, 4, 4), rtol=0, atol=1e-6)


@pytest.mark.parametrize(('options', 'message'), [
    ({'mean': [0.0, 1], 'std': [1.0]}, '2 means, 1 deviations'),
    ({'mean': [0.0, 1], 'std': [1.0, 0]}, 'none of them zero'),
    ({}, '0 means'),
    ({'sensor': 'sentinel-3'}, "'sentinel-3'.*sentinel1-grd"),
    ({'sensor': 'rgb', 'mean': [0.0]}, 'without mean and std'),
    ({'mean': [0.0] * 4, 'std': [1.0] * 4, 'bgr_to_rgb': True}, 'three bands only'),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        SegDataPreProcessor(**options)


def test_two_dates_have_the_statistics_of_one():
    model = SegDataPreProcessor(mean=[1.0, 2, 3], std=[1.0, 2, 4], dates=2)
    image = torch.tensor([1.0, 2, 3, 2, 4, 7]).view(6, 1, 1).expand(6, 4, 4)
    assert model({'inputs': [image]})['inputs'][0, :, 0, 0].tolist() == [0, 0, 0, 1, 1, 1]
