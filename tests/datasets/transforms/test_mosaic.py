"""Annotation mosaics: pixels in their places, the original's beside ours, samples that the model takes."""

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from skysense import TINY
from tiny_semantic import CELLS, SCALE, SIDE, archive, rewritten
from tiny_sets import save

from mmrs.datasets.rs_semantic.geometry import Geometry, draw_box, draw_geometry
from mmrs.datasets.transforms import LoadMosaic, PaintAnnotation
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.models import SkySensePP
from mmrs.registry import DATASETS

SIZES = dict(layout=(4, 2), size=(8, 4), cells=CELLS, scale=SCALE)
PLAIN = dict(**SIZES, tile_area=None, area=None, flip=0.0, evenly=True)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return archive(tmp_path_factory.mktemp('semantic'))


def drawn(root, name='potsdam_train.json', index=0, **options):
    """The tiles of an item, the same in every test."""
    data = dict(type='mmrs.SemanticMosaics', ann_files=[name], data_root=str(root), pipeline=[], test_mode=True)
    return DATASETS.build({**data, **options})[index]


def sample(root, item=None, **options):
    item = item or drawn(root)
    return LoadMosaic(**{**PLAIN, **options}).transform({**item, 'random': np.random.RandomState(1)})


class TestPlaces:
    def test_tiles_lie_down_the_columns(self, root):
        found = sample(root)
        assert found['images']['hr'].shape == (3, 256, 128) and found['class_map'].shape == (256, 128)
        for tile, entry in enumerate(found['entries']):
            number = int(entry.label.split('/')[-1].split('.')[0])
            row, column = tile % 4 * 64, tile // 4 * 64
            part = found['class_map'][row : row + 64, column : column + 64]
            assert (part[:, :32] == 0).all() and (part[:, 32:] == 1 + number % 2).all()
        assert found['classes'] == [0] and found['present'] == dict(hr=True, s2=True, s1=True)

    def test_all_modalities_agree_wherever_tiles_are_cut_and_mirrored(self, root):
        """The third band is the label; Sentinel-2 is brighter where the label is not class 0."""
        for seed in range(3):
            np.random.seed(seed)
            item = {**drawn(root), 'random': np.random}
            found = LoadMosaic(**SIZES, tile_area=(0.5, 1.0), area=(0.3, 1.0)).transform(item)
            blue = np.rint((found['images']['hr'][2] * 57.375 + 103.53) / 60) - 1
            assert (blue == found['class_map']).mean() > 0.97
            series = found['images']['s2'][0, 0] * 1155.15170768 + 884.29673756
            bright = (series - 1000 * np.rint((series - 250) / 1000)) > 250
            coarse = found['class_map'].reshape(8, 32, 4, 32).astype(float)
            share = (coarse > 0).mean(axis=(1, 3))
            sure = (share < 0.1) | (share > 0.9)
            assert (bright == (share > 0.5))[sure].mean() > 0.95 and sure.sum() > 8

    def test_flips(self):
        plain = Geometry((1, 1), 4, ((0, 0, 4, 4),), (True,), (0, 1, 4, 2))
        ((_, down, right),) = plain.spans((4, 2))
        assert down.source == (0, 4) and right.source == (1, 3) and right.target == (0, 2)
        off = Geometry((1, 1), 4, ((0, 1, 4, 2),), (True,), (0, 0, 4, 1))
        ((_, _, right),) = off.spans((4, 2))
        assert right.source == (2.5, 3.0)  # the last quarter of columns 1 to 3

    def test_tiles_that_are_cut_off_are_not_read(self, root, monkeypatch):
        from mmrs.datasets.transforms import mosaic

        read = []
        monkeypatch.setattr(mosaic, 'read_image', lambda place: read.append(place) or np.zeros((128, 128, 3), np.uint8))
        geometry = Geometry((4, 2), 4, ((0, 0, 4, 4),) * 8, (False,) * 8, (2, 0, 8, 4))
        monkeypatch.setattr(mosaic, 'draw_geometry', lambda *_: geometry)
        sample(root)
        assert len(read) == 3  # rows 0 to 2 of the left column

    def test_boxes(self):
        boxes = [draw_box((64, 32), (0.3, 1.0), (0.375, 2 / 3), np.random) for _ in range(200)]
        shares = [rows * columns / 2048 for _, _, rows, columns in boxes]
        assert 0.28 < min(shares) < 0.35 and 0.85 < max(shares) <= 1.0
        assert all(top + rows <= 64 and left + columns <= 32 for top, left, rows, columns in boxes)
        assert draw_box((10, 10), (2.0, 3.0), (0.5, 0.5), np.random) == (0, 2, 10, 5)
        places = draw_geometry((4, 2), 16, (0.8, 1.0), (0.3, 1.0), 0.5, np.random)
        assert len(places.boxes) == len(places.flips) == 8 and set(places.flips) == {True, False}


class TestBesideTheOriginal:
    def test_whole_mosaics_are_equal_but_for_seams(self, root):
        ours, theirs = (sample(root, resampling=how) for how in ('direct', 'published'))
        inner = np.ones((256, 128), bool)
        for edge in range(0, 257, 32):  # seams, and the steps of the labels
            inner[max(edge - 2, 0) : edge + 2] = inner[:, max(edge - 2, 0) : edge + 2] = False
        assert np.abs(ours['images']['hr'] - theirs['images']['hr'])[:, inner].max() < 0.02  # one grey level
        assert (ours['class_map'] == theirs['class_map']).all()
        for name in ('s2', 's1'):
            assert ours['images'][name].shape == theirs['images'][name].shape
        assert ours['present'] == theirs['present'] and ours['classes'] == theirs['classes']

    def test_cut_mosaics_are_close(self, root):
        options = dict(tile_area=(0.8, 1.0), area=(0.3, 1.0), flip=0.5)
        ours, theirs = (sample(root, resampling=how, **options) for how in ('direct', 'published'))
        smooth = np.abs(ours['images']['hr'][:2] - theirs['images']['hr'][:2])
        assert np.median(smooth) < 0.02
        assert (ours['class_map'] == theirs['class_map']).mean() > 0.96

    def test_the_originals_labels_are_shifted_and_ours_are_not(self, root):
        options = dict(tile_area=(0.4, 0.6), area=(0.3, 0.4), flip=0.0)
        wrong = {}
        for how in ('direct', 'published'):
            found = sample(root, resampling=how, **options)
            blue = np.rint((found['images']['hr'][2] * 57.375 + 103.53) / 60) - 1
            wrong[how] = (blue != found['class_map']).mean()
        assert wrong['direct'] < wrong['published']


class TestModalities:
    def test_several_dates_and_their_days(self, root):
        found = sample(root, drawn(root, dates=True), dates=dict(s2=3, s1=2), days=True)
        assert found['images']['s2'].shape == (10, 3, 8, 4) and found['images']['s1'].shape == (2, 2, 8, 4)
        assert found['days']['s2'].shape == (3, 8, 4)
        assert found['days']['s2'][:, 0, 0].tolist() == [74, 166, 258]
        assert found['days']['s1'][:, 5, 2].tolist() == [1, 365]
        brightness = found['images']['s2'][0, :, 0, 0] * 1155.15170768 + 884.29673756
        assert np.abs(brightness - [1000, 2000, 3000]).max() < 60

    def test_lacking_modalities_are_zero_and_said_to_be_absent(self, root):
        found = sample(root, drawn(root, 'deepglobe_train.json'))
        assert found['present'] == dict(hr=True, s2=False, s1=False)
        assert not found['images']['s2'].any() and found['images']['hr'].any()
        theirs = sample(root, drawn(root, 'deepglobe_train.json'), resampling='published')
        assert theirs['images']['s2'][0, 0, 0, 0] == pytest.approx(-884.29673756 / 1155.15170768)

    def test_one_tile_without_a_modality_makes_it_absent(self, root):
        path = rewritten(root, 'partly.json', hr_path=None)
        item = drawn(root, path.name, tiles=8)
        lacking = next(tile for tile, entry in enumerate(item['entries']) if 'hr' not in entry.files)
        found = sample(root, item)
        assert found['present'] == dict(hr=False, s2=True, s1=True)
        row, column = lacking % 4 * 64, lacking // 4 * 64
        assert not found['images']['hr'][:, row : row + 64, column : column + 64].any()
        assert found['images']['hr'].any()
        order = [*item['entries'][:lacking], *item['entries'][lacking + 1 :]]
        order.append(next(entry for entry in order if 'hr' in entry.files))
        theirs = sample(
            root, {**item, 'entries': [item['entries'][lacking], *order[:-2], order[-1]]}, resampling='published'
        )
        assert theirs['present']['hr']  # the last tile has one

    def test_large_labels_are_cut_around_the_wanted_class(self, root, tmp_path):
        """Only the lower right corner of a scene of 5 x 3 tiles holds class 2."""
        tall, wide = 5 * SIDE, 3 * SIDE
        label = np.ones((1, tall, wide), np.uint8)
        label[:, -40:, -40:] = 3
        save(tmp_path / 'label.tif', label)
        save(tmp_path / 'hr.tif', np.concatenate([label * 60] * 3))
        save(tmp_path / 's2.tif', np.tile(label[:, 16::32, 16::32].astype(np.int16) * 1000, (10, 1, 1)))
        names = dict(hr_path='hr.tif', s2_path=['s2.tif'], target_path='label.tif')
        import json

        (tmp_path / 'a.json').write_text(json.dumps([{**names, 'type': 'potsdam', 'classes': [0, 2, 3]}]))
        found = sample(tmp_path, drawn(tmp_path, 'a.json', 1))
        part = found['class_map'][:64, :64]
        assert (part == 2).sum() == 400 and (part[-20:, -20:] == 2).all()
        blue = np.rint((found['images']['hr'][2] * 57.375 + 103.53) / 60) - 1
        assert (blue == found['class_map']).mean() > 0.98
        assert (found['images']['s2'][0, 0, :2, :2] > found['images']['s2'][0, 0, 0, 0]).sum() >= 1
        with pytest.raises(DataError, match='no pixel of class 3 of potsdam'):
            sample(tmp_path, drawn(tmp_path, 'a.json', 2))

    def test_wrong_bands(self, root):
        save(root / 'four.tif', np.zeros((4, CELLS, CELLS), np.int16))
        path = rewritten(root, 'four.json', s2_path=['four.tif'])
        with pytest.raises(RasterError, match='four.tif.*4 bands.*10 of s2'):
            sample(root, drawn(root, path.name))


class TestPainting:
    def test_ids(self):
        class_map = np.array([[0, 3], [5, 255]], np.uint8)
        plain = PaintAnnotation(shuffle=False).transform(dict(class_map=class_map, classes=[0, 5]))
        assert plain['annotation'].tolist() == [[1, 0], [2, 0]] and plain['annotation'].dtype == np.int64
        drawn = [
            PaintAnnotation(4).transform(dict(class_map=class_map, classes=[0, 5]))['annotation'] for _ in range(30)
        ]
        assert {int(ids[0, 0]) for ids in drawn} == {1, 2, 3, 4}
        assert all(ids[0, 0] != ids[1, 0] and ids[0, 1] == 0 for ids in drawn)

    def test_colours_are_what_the_model_reads_back(self):
        from mmrs.models.pretrain.vocabulary import colours_to_ids

        class_map = np.array([[0, 3], [5, 255]], np.uint8)
        step = PaintAnnotation(shuffle=False, output='colours')
        targets = step.transform(dict(class_map=class_map, classes=[0, 5]))['targets']
        ids, colours = colours_to_ids(torch.from_numpy(targets)[None], 64)
        assert colours == {0: 0, 1: 0xFFFF7F, 2: 0xFFFFFF}
        assert ids.tolist() == [[[2, 0], [1, 0]]]

    def test_more_classes_than_ids(self):
        with pytest.raises(ConfigError, match='2 for 3 classes'):
            PaintAnnotation(2).transform(dict(class_map=np.zeros((1, 1), np.uint8), classes=[0, 1, 2]))


@pytest.mark.parametrize(
    'options', [dict(area=(0.0, 1.0)), dict(dates=dict(hr=2)), dict(resampling='other'), dict(flip=2)]
)
def test_options_that_do_not_fit(options):
    with pytest.raises(ConfigError, match='LoadMosaic'):
        LoadMosaic(**options)


def test_as_many_tiles_as_places(root):
    with pytest.raises(ConfigError, match='8.*2, for 2 x 1'):
        sample(root, layout=(2, 1))


def test_samples_from_a_config_train_the_model(root):
    """Through workers' collation: one step on two dates of three modalities."""

    pipeline = [
        dict(type='mmrs.LoadMosaic', **SIZES, dates=dict(s2=2), days=True),
        dict(type='mmrs.PaintAnnotation', vocabulary_size=6),
        dict(type='mmrs.MaskAnnotation', grid=(2, 1)),
        dict(type='mmrs.PackMosaic'),
    ]
    data = dict(type='mmrs.SemanticMosaics', ann_files=['potsdam_train.json'], data_root=str(root), vocabulary_size=6)
    dataset = DATASETS.build({**data, 'pipeline': pipeline, 'dates': True})
    samples = [dataset[index] for index in range(2)]
    collated = default_collate(samples)
    assert collated['data_samples'][0].set_name == 'potsdam'
    batch = collated['inputs']
    assert batch['masks'].sum((1, 2)).tolist() == [1, 1] and batch['present'].all()
    model = SkySensePP(**TINY, calendar=('s2',))
    torch.nn.init.normal_(model.ctpe)
    inputs = {key: batch[key] for key in ('images', 'annotations', 'masks', 'present')}
    output = model(**inputs, days={'s2': batch['days']['s2']})
    losses = model.loss(output, batch['annotations'])
    sum(losses.values()).backward()
    assert {name for name, loss in losses.items() if loss.isfinite()} == {'loss_rec', 'loss_vae'}
    # Tiles of one mosaic have one calendar: a map of equal days is what a day for each frame is.
    days = torch.tensor([[74, 258]] * 2)
    frames = model(batch['images'], days={'s2': days}).features['s2']
    maps = days[..., None, None].expand(-1, -1, 8, 4)
    assert torch.equal(model(batch['images'], days={'s2': maps}).features['s2'], frames)


def test_broken_samples_are_skipped_within_a_limit(root):
    """A file that breaks after the list was checked."""
    path = rewritten(root, 'broken.json', hr_path='broken.png')
    save(root / 'broken.png', np.zeros((SIDE, SIDE, 3), np.uint8))
    step = dict(type='mmrs.LoadMosaic', **SIZES, tile_area=None, area=None)
    data = dict(type='mmrs.SemanticMosaics', ann_files=[path.name], data_root=str(root), pipeline=[step], tiles=8)
    patient, strict = (DATASETS.build({**data, 'skip_bad': limit}) for limit in (1, 0))
    (root / 'broken.png').write_bytes(b'none')
    assert [patient.prepare_data(2) for _ in range(2)] == [None, None]
    with pytest.raises(RasterError, match='broken.png'):
        strict[2]
