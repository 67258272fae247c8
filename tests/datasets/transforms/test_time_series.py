"""Images, masks and series in numpy archives against the published loaders of fine-tuning."""

import numpy as np
import pytest
from tiny_sets import save

from mmrs.datasets.transforms import LoadMask, LoadRaster, LoadTimeSeries
from mmrs.errors import ConfigError, RasterError


@pytest.fixture(scope='module')
def published(fixtures_dir):
    with np.load(fixtures_dir / 'skysensepp' / 'ft_loaders.npz') as file:
        return {name: file[name] for name in file.files}


def test_published_images_and_masks(published, tmp_path):
    image, label = save(tmp_path / 'a.npz', published['image']), save(tmp_path / 'b.npz', published['label'])
    found = LoadRaster().transform(dict(img_path=str(image)))
    assert np.array_equal(found['img'], published['image_out'])
    for reduced, name in ((False, 'label_out'), (True, 'label_reduced')):
        results = dict(seg_map_path=str(label), reduce_zero_label=reduced)
        assert np.array_equal(LoadMask().transform(results)['gt_seg_map'], published[name])


@pytest.mark.parametrize('number', [3, 8])
def test_published_series(published, tmp_path, number):
    path = save(tmp_path / 'a.npz', published['series'])
    np.random.seed(0)
    found = LoadTimeSeries(number).transform(dict(img_path=str(path)))
    assert np.array_equal(found['img'], published[f'series_{number}'])
    assert found['dates'] == sorted(found['dates']) and (number > 5 or len(set(found['dates'])) == number)


def test_even_dates_do_not_change(published, tmp_path):
    path = str(save(tmp_path / 'a.npz', published['series']))
    found = [LoadTimeSeries(3, evenly=True).transform(dict(img_path=path))['dates'] for _ in range(3)]
    assert found == [[0, 2, 4]] * 3


def test_refusals(tmp_path):
    with pytest.raises(RasterError, match='dates x bands x rows x columns'):
        LoadTimeSeries(2).transform(dict(img_path=str(save(tmp_path / 'a.npz', np.zeros((3, 4, 4))))))
    with pytest.raises(ConfigError, match='LoadTimeSeries.number'):
        LoadTimeSeries(0)
