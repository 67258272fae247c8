"""Normalisation of any number of bands for detectors; refusals are tested beside the segmentation one."""

import subprocess
import sys

import pytest
import torch
from mmdet.models import DetDataPreprocessor as HostPreprocessor
from mmdet.structures import DetDataSample

from mmrs.errors import ConfigError
from mmrs.registry import MODELS


def test_every_band_gets_its_own_mean_and_deviation():
    model = MODELS.build(dict(type='mmrs.DetDataPreprocessor', mean=[3.0, 13, 23, 30], std=[1.0, 2, 3, 6],
                              pad_size_divisor=8))  # fmt: skip
    image = torch.arange(4.0).view(4, 1, 1).expand(4, 6, 5) * 10 + 3
    sample = DetDataSample(metainfo=dict(img_shape=(6, 5)))
    out = model({'inputs': [image], 'data_samples': [sample]}, training=False)
    assert out['inputs'].shape == (1, 4, 8, 8)
    assert out['inputs'][0, :, 0, 0].tolist() == [0, 0, 0, 0.5] and (out['inputs'][0, :, 6:] == 0).all()
    assert out['data_samples'][0].batch_input_shape == (8, 8)


def test_a_sensor_brings_its_statistics():
    model = MODELS.build(dict(type='mmrs.DetDataPreprocessor', sensor='sentinel1-grd'))
    assert model.mean.flatten().tolist() == pytest.approx([-12.54847273, -20.19237134])
    with pytest.raises(ConfigError, match='sentinel-3'):
        MODELS.build(dict(type='mmrs.DetDataPreprocessor', sensor='sentinel-3'))


@pytest.mark.parametrize('sizes', [[(8, 9)] * 2, [(8, 9), (11, 4)]])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_batches_equal_mmdetections_to_the_bit(sizes, dtype):
    options = dict(mean=[123.7, 116.3, 103.5], std=[58.4, 57.1, 57.4], bgr_to_rgb=True, pad_size_divisor=8, pad_value=3)
    images = [torch.randint(0, 255, (3, *size)).to(dtype) for size in sizes]
    host, ours = (
        model(dict(inputs=list(images), data_samples=[DetDataSample(metainfo=dict(img_shape=s)) for s in sizes]), True)
        for model in (HostPreprocessor(**options), MODELS.build(dict(type='mmrs.DetDataPreprocessor', **options)))
    )
    assert (
        torch.equal(host['inputs'], ours['inputs'])
        and host['inputs'].shape[-2:] == ((8, 16), (16, 16))[sizes[0] != sizes[1]]
    )
    assert [s.metainfo for s in host['data_samples']] == [s.metainfo for s in ours['data_samples']]
    whole = torch.stack(images[:1] * 2)
    model = MODELS.build(dict(type='mmrs.DetDataPreprocessor', **options))
    assert torch.equal(model(dict(inputs=whole))['inputs'], model(dict(inputs=list(whole)))['inputs'])


def test_other_models_do_not_load_a_detection_package():
    program = (
        'import sys\n'
        'from mmrs.registry import MODELS\n'
        'MODELS._locations.clear()\n'
        "import mmrs.models; MODELS.get('mmrs.MLChannelMapper'); print('mmdet' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert answer.stdout.split() == ['False'], answer.stderr
