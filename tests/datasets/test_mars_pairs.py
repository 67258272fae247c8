"""Pairs for pretraining MaRS against the published loader's samples."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from reference import read
from tiny_sets import save

from mmrs.datasets.transforms import (
    BlockMask,
    LoadRaster,
    NormalizeBySensor,
    PackPair,
    RandomResizedPair,
    RefuseEmptyPair,
)
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import DATASETS

STEPS = [
    dict(type='mmrs.LoadRaster', keys=('img_path', 'sar_path')),
    dict(type='mmrs.RandomResizedPair', size=32),
    dict(type='mmrs.NormalizeBySensor'),
    dict(type='mmrs.BlockMask', mask_patch_size=8),
    dict(type='mmrs.PackPair'),
]


@pytest.fixture
def archive(tmp_path):
    random = np.random.default_rng(0)
    for name in ('Umbra', 'Capella'):
        save(tmp_path / f'{name}_patches/rgb/a_000.tif', random.integers(0, 256, (3, 48, 48)).astype(np.uint8))
        kind = np.uint8 if name == 'Umbra' else np.uint16
        save(tmp_path / f'{name}_patches/sar/a_000.tif', random.integers(0, 200, (1, 48, 48)).astype(kind))
    return tmp_path


def build(root, **options):
    return DATASETS.build(dict(type='mmrs.MaRSPairs', data_root=str(root), **{'pipeline': STEPS, **options}))


def test_published_samples(fixtures_dir, tmp_path):
    fixture: SimpleNamespace = read(fixtures_dir / 'mars' / 'dataset_m2.npz')
    for name in ('Umbra', 'Capella'):
        rgb, sar = (fixture.inputs[f'{name}_{kind}'].numpy() for kind in ('rgb', 'sar'))
        save(tmp_path / f'{name}_patches/rgb/a_000.tif', np.moveaxis(rgb, -1, 0))
        save(tmp_path / f'{name}_patches/sar/a_000.tif', sar[None])
    dataset = build(tmp_path, pipeline=[])
    assert [item['sensors'][1] for item in dataset] == ['umbra', 'capella']
    for index, item in enumerate(dataset):
        *box, flip = fixture.out[f'crop{index}'].tolist()
        results = LoadRaster(keys=('img_path', 'sar_path')).transform(item)
        results = NormalizeBySensor().transform(RandomResizedPair(32).cut(results, tuple(box), bool(flip)))
        np.random.seed(50 + index)
        packed = PackPair().transform(BlockMask(8, 4, 0.6).transform(results))
        assert (packed['inputs'] - fixture.out[f'img{index}']).abs().max() < 1e-4
        assert (packed['masks'] == fixture.out[f'mask{index}']).all()


def test_samples_from_a_config(archive):
    batch = pseudo_collate([build(archive)[index] for index in range(2)])
    assert [tuple(image.shape) for image in batch['inputs']] == [(4, 32, 32)] * 2
    assert [int(mask.sum()) for mask in batch['masks']] == [40, 40]  # 10 of 16 blocks of 2 x 2 patches
    assert abs(float(batch['inputs'][0][:3].mean())) < 1.5


def test_patches_without_a_partner_are_counted(archive):
    save(archive / 'Umbra_patches/rgb/b_000.tif', np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(DataError, match='b_000.tif.*1 x unpaired'):
        build(archive)
    assert len(build(archive, skip_bad=1)) == 2


def test_pairs_of_different_size_are_skipped_within_a_limit(archive):
    save(archive / 'Umbra_patches/sar/a_000.tif', np.zeros((1, 40, 48), np.uint8))
    assert build(archive, skip_bad=1).prepare_data(0) is None
    with pytest.raises(RasterError, match='Warp the rasters'):
        build(archive)[0]


def test_a_modality_that_vanishes_during_training_is_skipped_within_a_limit(archive):
    data, strict = build(archive, skip_bad=1), build(archive)
    assert data[0]['inputs'].shape == (4, 32, 32)
    (archive / 'Capella_patches/sar/a_000.tif').unlink()
    for dataset in (data, strict):
        assert {item['sensors'][1]: index for index, item in enumerate(map(dataset.get_data_info, range(2)))} == {
            'umbra': 0, 'capella': 1
        }  # fmt: skip
    assert data[1]['inputs'].shape == (4, 32, 32)  # another pair takes its place
    with pytest.raises(RasterError, match='Capella_patches/sar/a_000.tif: found no such file'):
        strict[1]
    (archive / 'Umbra_patches/rgb/a_000.tif').unlink()
    with pytest.raises(DataError, match='2 broken samples; expected at most 1'):
        data[0]


def test_patches_without_content_are_skipped_within_a_limit(archive):
    steps = [STEPS[0], dict(type='mmrs.RefuseEmptyPair'), *STEPS[1:]]
    save(archive / 'Umbra_patches/sar/a_000.tif', np.zeros((1, 48, 48), np.uint8))
    assert build(archive, pipeline=steps, skip_bad=1)[0]['inputs'].shape == (4, 32, 32)
    with pytest.raises(DataError, match='Umbra_patches/sar/a_000.tif: found the value 0 everywhere'):
        build(archive, pipeline=steps)[0]
    image = np.random.default_rng(0).normal(size=(8, 8, 4))
    image[..., :3] = np.nan
    with pytest.raises(DataError, match='nothing but NaN'):
        RefuseEmptyPair().transform(dict(img=image, sensors=('mars-rgb', 'umbra')))


def test_missing_samples_become_the_mean():
    image = np.full((4, 4, 1), 36.42, np.float32)
    image[0, 0] = np.nan
    packed = PackPair().transform(NormalizeBySensor().transform(dict(img=image, sensors=('umbra',))))
    torch.testing.assert_close(packed['inputs'], torch.zeros(1, 4, 4))


def test_missing_folders_sensors_and_pairs(archive, tmp_path):
    with pytest.raises(DataError, match='no such folder'):
        build(archive / 'nowhere')
    with pytest.raises(ConfigError, match='iceye'):
        build(archive, folders=dict(Umbra_patches='iceye'))
    for kind in ('rgb', 'sar'):
        (tmp_path / 'empty/X' / kind).mkdir(parents=True)
    with pytest.raises(DataError, match='no pair'):
        build(tmp_path / 'empty', folders=dict(X='umbra'))


def test_optical_tiles_of_several_folders(archive):
    steps = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), *STEPS[1:]]
    config = dict(type='mmrs.OpticalTiles', data_root=str(archive), pipeline=steps)
    save(archive / 'more/deep/x.jpg', np.full((40, 40, 3), 87, np.uint8))
    dataset = DATASETS.build(dict(config, folders=['Umbra_patches/rgb', 'more']))
    assert len(dataset) == 2 and dataset[1]['inputs'].shape == (3, 32, 32)
    assert abs(float(dataset[1]['inputs'][0].mean())) < 0.05  # the mean of the sensor
    for folders, found in ((['nowhere'], 'no such folder'), (['more', 'more/empty'], 'no image')):
        (archive / 'more/empty').mkdir(exist_ok=True)
        with pytest.raises(DataError, match=found):
            DATASETS.build(dict(config, folders=folders))
    with pytest.raises(ConfigError, match='iceye'):
        DATASETS.build(dict(config, optical='iceye'))


def test_bands_that_are_not_the_sensors():
    with pytest.raises(RasterError, match='3 bands; expected 4 of mars-rgb and umbra'):
        NormalizeBySensor().transform(dict(img=np.zeros((2, 2, 3)), sensors=('mars-rgb', 'umbra'), img_path='x'))
    with pytest.raises(ConfigError, match='RandomResizedPair'):
        RandomResizedPair(area=(0.0, 1.0))
