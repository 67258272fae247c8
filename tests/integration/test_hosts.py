"""The configs printed in docs/backbones.md and docs/frozen.md train one step and predict, each in its own host."""

import re
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import mmrs  # noqa: F401  (supplies mmcv's operators before a host imports them)

PAGES = [Path(__file__).parents[2] / 'docs' / name for name in ('backbones.md', 'frozen.md')]
TEXT = ''.join(page.read_text() for page in PAGES)
SNIPPETS = re.findall(r'```python title="(\w+)"\n(.*?)```', TEXT, flags=re.DOTALL)


def segmentation_sample(height, width):
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    shapes = {'img_shape': (height, width), 'ori_shape': (height, width)}
    sample = SegDataSample(metainfo=shapes)
    sample.gt_sem_seg = PixelData(data=torch.randint(0, 19, (1, height, width)))
    return sample


def detection_sample(height, width, boxes):
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    shapes = {'img_shape': (height, width), 'ori_shape': (height, width), 'scale_factor': (1.0, 1.0)}
    sample = DetDataSample(metainfo=shapes)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0, 1]))
    sample.ignored_instances = InstanceData(bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long))
    return sample


def horizontal_sample(height, width):
    from mmdet.structures.bbox import HorizontalBoxes

    return detection_sample(height, width, HorizontalBoxes([[5.0, 8, 60, 50], [30, 40, 90, 95]]))


def rotated_sample(height, width):
    from mmrotate.structures.bbox import RotatedBoxes

    return detection_sample(height, width, RotatedBoxes([[40.0, 40, 50, 20, 0.4], [60, 50, 30, 40, -0.7]]))


def scene_sample(height, width):
    from mmpretrain.structures import DataSample

    return DataSample(metainfo={'img_shape': (height, width)}).set_gt_label(3)


SAMPLES = {
    'mmseg': segmentation_sample,
    'mmdet': horizontal_sample,
    'mmrotate': rotated_sample,
    'mmpretrain': scene_sample,
}
PREDICTIONS = {
    'mmseg': lambda sample: sample.pred_sem_seg.data.shape[1:] == (96, 112),
    'mmdet': lambda sample: sample.pred_instances.bboxes.shape[1:] == (4,),
    'mmrotate': lambda sample: sample.pred_instances.bboxes.shape[1:] == (5,),
    'mmpretrain': lambda sample: sample.pred_score.shape == (1000,),
}


def batch(host):
    images = [torch.randint(0, 255, (3, 96, 112), dtype=torch.uint8) for _ in range(2)]
    samples = [SAMPLES[host](96, 112) for _ in images]
    if host == 'mmpretrain':
        return {'inputs': torch.stack(images), 'data_samples': samples}
    return {'inputs': images, 'data_samples': samples}


def read_config(host, text, folder):
    """Writes the config where the page says that it goes, and reads it as a stock ``tools/train.py`` does."""
    if "_base_ = './" in text:
        stock = Path(import_module(host).__file__).parent / '.mim' / 'configs'
        for name in ('_base_', 'upernet'):
            shutil.copytree(stock / name, folder / name)
        folder = folder / 'upernet'
    path = folder / 'mine.py'
    path.write_text(text)
    config = Config.fromfile(path)
    if host == 'mmseg':
        config.model.data_preprocessor.size = (96, 112)  # the stock 512 x 512 only costs time here
    return config


@pytest.mark.parametrize(('host', 'text'), SNIPPETS, ids=[f'{i}-{host}' for i, (host, _) in enumerate(SNIPPETS)])
def test_stock_config_with_two_changes(host, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # cached features go to a relative folder
    config = read_config(host, text, tmp_path)
    registry = import_module(f'{host}.registry')
    with DefaultScope.overwrite_default_scope(config.get('default_scope', host)):
        import_module(f'{host}.models')
        preprocessor = config.get('data_preprocessor')
        if preprocessor is not None:  # as mmengine's Runner does
            config.model.setdefault('data_preprocessor', preprocessor)
        model = revert_sync_batchnorm(registry.MODELS.build(config.model))
        optimiser = build_optim_wrapper(model, config.optim_wrapper)
        model.train()
        before = {name: value.clone() for name, value in model.named_parameters()}
        losses = model.train_step(batch(host), optimiser)
        with torch.no_grad():
            predictions = model.eval().test_step(batch(host))
    assert np.isfinite(losses['loss'].item())
    assert len(predictions) == 2 and all(PREDICTIONS[host](sample) for sample in predictions)
    changed = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert any(not name.startswith('backbone.') for name in changed)
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    assert not changed & frozen
    assert bool(frozen) == ('frozen_stages' in text or 'mmrs.LoRA' in text)


def test_every_host_is_on_the_page():
    assert {host for host, _ in SNIPPETS} == set(SAMPLES)


def test_multi_level_neck_of_mmseg_is_the_published_one(fixtures_dir):
    from mmseg.models.necks import MultiLevelNeck

    reference = np.load(fixtures_dir / 'cgeartheye' / 'multilevel_neck.npz')
    arrays = {key: torch.from_numpy(reference[key]) for key in reference.files if key != 'meta_json'}
    neck = MultiLevelNeck(in_channels=[24] * 4, out_channels=16, scales=[4, 2, 1, 0.5])
    neck.load_state_dict({key[3:]: value for key, value in arrays.items() if key.startswith('sd/')})
    for index, found in enumerate(neck([arrays[f'in{level}'] for level in range(4)])):
        torch.testing.assert_close(found, arrays[f'out{index}'], atol=1e-5, rtol=0)
