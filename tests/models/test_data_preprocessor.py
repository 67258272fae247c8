"""Normalisation of any number of bands."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor as HostPreProcessor
from mmseg.structures import SegDataSample

from mmrs.errors import ConfigError
from mmrs.models.data_preprocessor import SegDataPreProcessor
from mmrs.models.normalisation import normalised_batch

RGB = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


def samples(sizes):
    def mask(rows, columns):
        return PixelData(data=torch.randint(0, 5, (1, rows, columns)))

    return [SegDataSample(gt_sem_seg=mask(*size), gt_edge_map=mask(*size)) for size in sizes]


@pytest.mark.parametrize('sizes', [[(8, 9)] * 3, [(8, 9), (5, 9), (8, 3)]])
@pytest.mark.parametrize('padding', [dict(size=(8, 9)), dict(size_divisor=4), dict(size=(10, 12), seg_pad_val=7)])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.int16, torch.float32, torch.float64])
def test_training_batches_equal_mmsegs_to_the_bit(sizes, padding, dtype):
    images = [torch.randint(0, 255, (3, *size)).to(dtype) for size in sizes]
    marks = samples(sizes)
    out = [
        kind(**RGB, **padding, bgr_to_rgb=True, pad_val=0.5)(
            dict(inputs=list(images), data_samples=[sample.clone() for sample in marks]), training=True
        )
        for kind in (HostPreProcessor, SegDataPreProcessor)
    ]
    assert torch.equal(out[0]['inputs'], out[1]['inputs'])
    for host, ours in zip(out[0]['data_samples'], out[1]['data_samples'], strict=True):
        assert torch.equal(host.gt_sem_seg.data, ours.gt_sem_seg.data)
        assert torch.equal(host.gt_edge_map.data, ours.gt_edge_map.data)
        assert host.metainfo == ours.metainfo


@pytest.mark.parametrize('test_cfg', [None, dict(size_divisor=8), dict(size=(16, 12))])
def test_test_batches_equal_mmsegs_to_the_bit(test_cfg):
    images, marks = list(torch.randint(0, 255, (2, 3, 9, 7), dtype=torch.uint8)), samples([(9, 7)] * 2)
    host, ours = (
        kind(**RGB, size=(4, 4), test_cfg=test_cfg)(dict(inputs=images, data_samples=[s.clone() for s in marks]))
        for kind in (HostPreProcessor, SegDataPreProcessor)
    )
    assert torch.equal(host['inputs'], ours['inputs'])
    assert [s.metainfo for s in host['data_samples']] == [s.metainfo for s in ours['data_samples']]
    assert torch.equal(
        SegDataPreProcessor(**RGB)(dict(inputs=torch.stack(images)))['inputs'][1, :, :9], ours['inputs'][1, :, :9, :7]
    )


def test_an_image_of_other_bands_is_refused_and_sources_stay():
    model = SegDataPreProcessor(**RGB, size=(4, 4))
    with pytest.raises(ConfigError, match='an image of 4 bands; expected 3'):
        model(dict(inputs=[torch.zeros(4, 4, 4)]))
    image = torch.ones(3, 4, 4)
    model(dict(inputs=[image]))
    assert (image == 1).all()


def test_the_way_of_other_devices_gives_the_same_numbers():
    images = [torch.randint(0, 255, (3, 5, 4), dtype=torch.uint8), torch.randint(0, 255, (3, 3, 6), dtype=torch.uint8)]
    mean, std = (torch.tensor(RGB[key]).view(-1, 1, 1) for key in ('mean', 'std'))
    planes = normalised_batch(images, mean, std, True, (6, 6), 2.0)
    whole = normalised_batch(images, mean, std, True, (6, 6), 2.0, planewise=False)
    assert torch.equal(planes, whole)
    assert (planes[0, :, 5:] == 2).all() and (planes[1, :, :3, :] != 2).all()
    single = normalised_batch(images, mean[:1], std[:1], False, (6, 6), 0)
    assert torch.equal(single[0, 2, :5, :4], (images[0][2].float() - mean[0]) / std[0])


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
