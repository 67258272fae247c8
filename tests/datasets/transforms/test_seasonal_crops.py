"""Crops of places and seasons: which image each is of, and batches of them."""

import numpy as np
import pytest
import torch
from mmengine.registry import FUNCTIONS
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.datasets.seasons import SeasonDataset
from mmrs.datasets.transforms import LoadSeasons, SeasonalCrops
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.models import CropPreprocessor


@pytest.fixture(autouse=True)
def _mmseg_free():
    """Stand-in for a host's random crop, so that no host is imported."""
    from mmcv.transforms import BaseTransform
    from mmengine.registry import TRANSFORMS

    class Corner(BaseTransform):
        def __init__(self, side, add=0):
            self.side, self.add = side, add

        def transform(self, results):
            top = np.random.randint(results['img'].shape[0] - self.side + 1)
            results['img'] = results['img'][top : top + self.side, : self.side] + np.uint8(self.add)
            return results

    TRANSFORMS.register_module(name='Corner', module=Corner, force=True)
    yield
    TRANSFORMS.module_dict.pop('Corner')


def place(seasons):
    """Images whose pixels are all 10 times the number of their season."""
    return {'imgs': [np.full((20, 20, 3), 10 * index, np.uint8) for index in range(seasons)]}


def crops(**options):
    steps = {
        'global_pipelines': [[{'type': 'Corner', 'side': 14}], [{'type': 'Corner', 'side': 14, 'add': 1}]],
        'local_pipeline': [{'type': 'Corner', 'side': 7, 'add': 2}],
        'seasonal_pipeline': [{'type': 'Corner', 'side': 7, 'add': 3}],
    }
    return SeasonalCrops(**{**steps, **options})


def values(tensor):
    return tensor[:, 0, 0, 0].tolist()


class TestPairing:
    def test_four_seasons(self):
        anchors = set()
        for _ in range(30):
            found = crops()(place(4))
            assert set(found) == {'globals', 'locals'}
            assert found['globals'].shape == (2, 3, 14, 14) and found['locals'].shape == (8, 3, 7, 7)
            anchor = values(found['globals'])[0]
            assert values(found['globals']) == [anchor, anchor + 1]
            assert values(found['locals'])[:5] == [anchor + 2] * 5
            assert sorted(values(found['locals'])[5:]) == sorted({3, 13, 23, 33} - {anchor + 3})
            anchors.add(anchor)
        assert anchors == {0, 10, 20, 30}

    def test_one_image_has_local_crops_only(self):
        found = crops(anchor=2)(place(1))
        assert values(found['locals']) == [2] * 8

    def test_fixed_anchor_and_fewer_seasons(self):
        found = crops(anchor=1, num_seasonal=2)(place(4))
        assert values(found['globals']) == [10, 11]
        assert values(found['locals'])[:6] == [12] * 6 and 13 not in values(found['locals'])
        with pytest.raises(ConfigError, match='anchor: found 4 for a place of 2 images'):
            crops(anchor=4)(place(2))

    def test_apart(self):
        large = [{'type': 'Corner', 'side': 14, 'add': 3}]
        many, one = (crops(seasonal_pipeline=large, apart=True, anchor=0)(place(n)) for n in (4, 1))
        for found in (many, one):
            assert found['locals'].shape == (5, 3, 7, 7) and found['seasonal'].shape == (3, 3, 14, 14)
        assert sorted(values(many['seasonal'])) == [13, 23, 33] and values(one['seasonal']) == [3] * 3
        with pytest.raises(ConfigError, match='crops of one size.*apart=True'):
            crops(seasonal_pipeline=large)(place(4))

    def test_seasons_left_out(self):
        found = crops(seasonal_pipeline=None, anchor=0)(place(4))
        assert values(found['locals']) == [2] * 8

    def test_a_single_image_of_another_loader(self):
        found = crops()({'img': np.zeros((20, 20, 2), np.uint16)})
        assert found['locals'].dtype == torch.float32 and found['locals'].shape == (8, 2, 7, 7)

    @pytest.mark.parametrize(
        'options', [{'num_seasonal': 9}, {'global_pipelines': [[]]}, {'apart': True, 'seasonal_pipeline': None}]
    )
    def test_numbers_that_do_not_fit(self, options):
        with pytest.raises(ConfigError, match='SeasonalCrops'):
            crops(**options)
        with pytest.raises(ConfigError, match='anchor'):
            crops(anchor='first')


def test_batches_are_stacked_by_crop_and_normalised():
    collate = FUNCTIONS.get('mmrs.collate_crops')
    samples = [crops(anchor=0)(place(4)), crops()(place(1))]
    data = collate(samples, patch_size=7, mask_ratio=(0.25, 0.5))
    assert data['inputs']['globals'].shape == (2, 2, 3, 14, 14) and data['inputs']['locals'].shape == (8, 2, 3, 7, 7)
    assert torch.equal(data['inputs']['locals'][:, 1], samples[1]['locals'])
    assert data['masks'].shape == (4, 4) and data['masks'].dtype == torch.bool
    batch = CropPreprocessor(mean=[1, 2, 3], std=[2, 2, 4])(data, training=True)
    assert batch['masks'] is data['masks']
    torch.testing.assert_close(batch['inputs']['globals'][1, 0, :, 0, 0], torch.tensor([0, -0.5, -0.5]))
    with pytest.raises(ConfigError, match='3 bands; expected 1'):
        CropPreprocessor(mean=[1], std=[2])(data)


class TestPlaces:
    @pytest.fixture
    def root(self, tmp_path):
        random = np.random.default_rng(0)
        for season, names in (('spring', 'abc'), ('autumn', 'b')):
            (tmp_path / season).mkdir()
            for name in names:
                pixels = random.integers(0, 255, (8, 8, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / season / f'{name}.png')
        return tmp_path

    def test_groups(self, root):
        dataset = SeasonDataset(str(root), ('spring', 'autumn'), pipeline=[{'type': 'mmrs.LoadSeasons'}])
        assert [len(dataset.get_data_info(index)['img_paths']) for index in range(3)] == [1, 2, 1]
        sample = dataset[1]
        assert sample['place'] == 'b' and [image.shape for image in sample['imgs']] == [(8, 8, 3)] * 2
        first = np.asarray(Image.open(root / 'spring' / 'b.png'))
        assert (sample['imgs'][0] == first).all() and (sample['imgs'][1] != first).any()
        assert len(SeasonDataset(str(root / 'spring'))) == 3

    def test_missing_folders(self, root):
        with pytest.raises(DataError, match='winter: found no such folder'):
            SeasonDataset(str(root), ('spring', 'winter'))
        (root / 'winter').mkdir()
        with pytest.raises(DataError, match='winter: found no image'):
            SeasonDataset(str(root), ('spring', 'winter'))

    def test_images_that_do_not_fit_or_are_empty(self, root):
        Image.new('RGB', (8, 4), (1, 2, 3)).save(root / 'autumn' / 'a.png')
        Image.new('RGB', (8, 8)).save(root / 'autumn' / 'c.png')
        load = LoadSeasons()
        with pytest.raises(RasterError, match=r'a.png: found 4 x 8 x 3; expected 8 x 8 x 3'):
            load({'img_paths': [str(root / season / 'a.png') for season in ('spring', 'autumn')]})
        with pytest.raises(DataError, match='c.png: found the value 0 everywhere'):
            load({'img_paths': [str(root / 'autumn' / 'c.png')]})
        steps = [{'type': 'mmrs.LoadSeasons', 'bands': [1]}]
        dataset = SeasonDataset(str(root), ('spring', 'autumn'), skip_bad=2, pipeline=steps)
        assert {dataset[index]['place'] for index in range(3)} == {'b'}
