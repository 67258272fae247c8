"""Normalisation of any number of bands for detectors; refusals are tested beside the segmentation one."""

import subprocess
import sys

import pytest
import torch
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


def test_other_models_do_not_load_a_detection_package():
    program = (
        'import sys\n'
        'from mmrs.registry import MODELS\n'
        'MODELS._locations.clear()\n'
        "import mmrs.models; MODELS.get('mmrs.MLChannelMapper'); print('mmdet' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert answer.stdout.split() == ['False'], answer.stderr
