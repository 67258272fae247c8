"""The configs of docs/skysensepp.md train two iterations on real samples with each backbone, at a small size."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from reference import randomise

import mmrs  # noqa: F401  (supplies mmcv's operators before a host imports them)
from mmrs.geo.sensors import SENSORS

PAGE = Path(__file__).parents[2] / 'docs' / 'skysensepp.md'
SNIPPETS = dict(re.findall(r'```python title="(\w+)"\n(.*?)```', PAGE.read_text(), flags=re.DOTALL))
SIDE = 128
VIT = {
    'size': {'embed_dims': 32, 'num_layers': 4, 'num_heads': 2},
    'out_indices': (0, 1, 2, 3),
    'out_strides': (4, 8, 16, 32),
}
BACKBONES = {
    'hr': {
        'type': 'mmrs.SkySenseHR',
        'arch': {'embed_dims': 16, 'depths': (2, 2, 3, 2), 'num_heads': (1, 2, 4, 8), 'extra_norm_every': 3},
        'window_size': 4,
        'attention_dims': (16, 16, 16),
        'attention_heads': 2,
        'drop_path_rate': 0.0,
    },
    's2': {'type': 'mmrs.SkySenseS2', **VIT},
    's1': {'type': 'mmrs.SkySenseS1', **VIT},
}
CHANNELS = {'hr': [16, 32, 64, 128], 's2': [32] * 4, 's1': [32] * 4}


def read(path, window=((0, SIDE), (0, SIDE))):
    with rasterio.open(path) as file:
        return np.nan_to_num(file.read(window=window).astype(np.float32))


def normalise(image, sensor):
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (sensor.mean, sensor.std))
    return torch.from_numpy((image - mean) / std)


def optical(folder):
    """Two crops of M4-SAR around labelled objects, with oriented boxes (cx, cy, w, h, angle)."""
    for name in ('28232', '73511'):
        lines = (folder / 'm4sar' / 'labelTxt' / f'{name}.txt').read_text().split('\n')
        corners = np.array([line.split()[:8] for line in lines if line], dtype=float).reshape(-1, 4, 2)
        left, top = (max(int(value) - SIDE // 2, 0) for value in corners[0].mean(0))
        left, top = min(left, 512 - SIDE), min(top, 512 - SIDE)
        image = read(folder / 'm4sar' / 'optical' / f'{name}.tif', ((top, top + SIDE), (left, left + SIDE)))
        corners = corners - (left, top)
        inside = corners[((corners >= 0) & (corners < SIDE)).all((1, 2))]
        edges = np.diff(inside[:, :3], axis=1)
        sizes = np.linalg.norm(edges, axis=2)
        angles = np.arctan2(edges[:, 0, 1], edges[:, 0, 0])
        boxes = np.concatenate([inside.mean(1), sizes, angles[:, None]], axis=1)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        for (x0, y0), (x1, y1) in zip(inside.min(1).astype(int), inside.max(1).astype(int), strict=True):
            mask[y0 : y1 + 1, x0 : x1 + 1] = 1
        yield normalise(image, SENSORS['rgb']), mask, boxes


def sentinel(folder, name):
    """Two crops of a flood in Spain; the water's extent stands for an object."""
    chip = 'Spain_7370579'
    for top, left in ((0, 0), (256, 128)):
        window = ((top, top + SIDE), (left, left + SIDE))
        label = read(folder / 'sen1floods11' / 'LabelHand' / f'{chip}_LabelHand.tif', window)[0]
        image = read(folder / 'sen1floods11' / f'{name.upper()}Hand' / f'{chip}_{name.upper()}Hand.tif', window)
        if name == 's2':  # B1, B9 and B10 are not among the ten
            image = np.delete(image, [0, 9, 10], axis=0)
        rows, columns = (np.flatnonzero((label == 1).any(axis)) for axis in (1, 0))
        box = [0, 0, SIDE, SIDE]
        if len(rows):
            box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        x0, y0, x1, y1 = box
        boxes = np.array([[(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.0]])
        sensor = SENSORS['sentinel2-l2a' if name == 's2' else 'sentinel1-grd']
        yield normalise(image, sensor), np.where(label < 0, 255, label).astype(np.uint8), boxes


def sample_of(host, mask, boxes):
    shapes = {'img_shape': (SIDE, SIDE), 'ori_shape': (SIDE, SIDE), 'scale_factor': (1.0, 1.0)}
    if host == 'mmpretrain':
        from mmpretrain.structures import DataSample

        return DataSample(metainfo=shapes).set_gt_label(int((mask == 1).any()))
    if host == 'mmseg':
        from mmengine.structures import PixelData
        from mmseg.structures import SegDataSample

        sample = SegDataSample(metainfo=shapes)
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(mask[None].astype(np.int64)))
        return sample
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    boxes = torch.from_numpy(boxes).float()
    if host == 'mmdet':
        from mmdet.structures.bbox import HorizontalBoxes

        boxes = HorizontalBoxes(torch.cat([boxes[:, :2] - boxes[:, 2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2], 1))
    else:
        from mmrotate.structures.bbox import RotatedBoxes

        boxes = RotatedBoxes(boxes)
    sample = DetDataSample(metainfo=shapes)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
    sample.ignored_instances = InstanceData(bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long))
    return sample


def small_model(host, name, folder):
    """The page's config with a small backbone and heads of its widths."""
    path = folder / 'mine.py'
    path.write_text(SNIPPETS[host])
    config = Config.fromfile(path)
    backbone, channels = dict(BACKBONES[name]), list(CHANNELS[name])
    if host == 'mmpretrain':
        backbone.update({'out_indices': (3,)} | ({'out_strides': None} if name != 'hr' else {}))
        config.model.head.update(in_channels=channels[-1], num_classes=2, topk=(1,))
    elif host == 'mmseg':
        config.model.neck.update(in_channels=channels, out_channels=16)
        if name == 'hr':
            config.model.neck.scales = [1, 1, 1, 1]
        config.model.decode_head.update(in_channels=[16] * 4, channels=16)
    else:
        backbone.update({'out_indices': (1, 2, 3)} | ({'out_strides': (8, 16, 32)} if name != 'hr' else {}))
        config.model.neck.update(in_channels=channels[1:], out_channels=16)
        config.model.bbox_head.update(in_channels=16, feat_channels=16, stacked_convs=1, num_classes=2)
    config.model.backbone = backbone
    preprocessor = {'mmseg': {'type': 'SegDataPreProcessor', 'size': (SIDE, SIDE), 'seg_pad_val': 255}}
    detection = {'type': 'mmdet.DetDataPreprocessor', 'boxtype2tensor': host == 'mmdet'}
    config.model.data_preprocessor = preprocessor.get(host, detection)
    if host == 'mmpretrain':
        config.model.data_preprocessor = {'type': 'ClsDataPreprocessor', 'num_classes': 2}
    return config


@pytest.mark.parametrize('host', sorted(SNIPPETS))
@pytest.mark.parametrize('name', BACKBONES)
def test_two_iterations_on_real_samples(host, name, data_dir, tmp_path):
    config = small_model(host, name, tmp_path)
    loaded = list(optical(data_dir) if name == 'hr' else sentinel(data_dir, name))
    images = [image for image, _, _ in loaded]
    samples = [sample_of(host, mask, boxes) for _, mask, boxes in loaded]
    data = {'inputs': torch.stack(images) if host == 'mmpretrain' else images, 'data_samples': samples}
    with DefaultScope.overwrite_default_scope(config.get('default_scope', host)):
        import_module(f'{host}.models')
        model = revert_sync_batchnorm(import_module(f'{host}.registry').MODELS.build(config.model)).train()
        randomise(model.backbone, 0.05)  # the norms of a new SwinV2 are zero, and would hide what lies before them
        optimiser = build_optim_wrapper(model, config.optim_wrapper)
        before = {key: value.clone() for key, value in model.backbone.named_parameters()}
        losses = [model.train_step(data, optimiser)['loss'].item() for _ in range(2)]
        with torch.no_grad():
            predictions = model.eval().test_step(data)
    assert np.isfinite(losses).all() and losses[0] != losses[1]
    assert len(predictions) == 2
    same = [key for key, value in model.backbone.named_parameters() if torch.equal(value, before[key])]
    assert same == []


def test_every_host_is_on_the_page():
    assert sorted(SNIPPETS) == ['mmdet', 'mmpretrain', 'mmrotate', 'mmseg']
