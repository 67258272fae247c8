"""Test-time augmentation of every task: which views are made, and that merging them undoes what made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import InstanceData
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.apis.config import load_config
from mmrs.apis.views import augment, views
from mmrs.errors import ConfigError

ROWS, COLUMNS = 48, 64


def kinds(pipeline: list[dict[str, Any]]) -> list[str]:
    return [step['type'].split('.')[-1] for step in pipeline]


def picture(path: Path, pixels: np.ndarray) -> dict[str, Any]:
    """A sample of that picture, by the keys of every host."""
    Image.fromarray(pixels).save(path)
    name = str(path)
    return dict(
        img_path=name, seg_map_path=name, img_id=0, instances=[], gt_label=0, seg_fields=[],
        reduce_zero_label=False, label_map=None,
    )  # fmt: skip


def merged(config: Config, sample: dict[str, Any], module: Any = None) -> Any:
    """What the views of a sample are merged to, without the truth; ``module`` takes the place of the model."""
    config = Config(config.to_dict())
    dataset = config.test_dataloader.dataset
    truth = ('LoadMask', 'LoadAnnotations', 'ConvertBoxType', 'LoadChangeLabel')
    dataset.pipeline = [step for step in dataset.pipeline if step.type.split('.')[-1] not in truth]
    for group in config.tta_pipeline[-1].transforms if 'tta_pipeline' in config else ():
        group[:] = [step for step in group if step.type.split('.')[-1] not in truth] or [
            dict(type='Resize', scale_factor=1.0)
        ]
    augment(config)
    if module is not None:
        config.model['module'] = module
    torch.manual_seed(0)
    with (
        DefaultScope.overwrite_default_scope(config.default_scope),
        MODELS.switch_scope_and_registry(config.default_scope) as registry,
    ):
        model = registry.build(dict(config.model)).eval()
        pipeline = Compose(list(config.test_dataloader.dataset.pipeline))
        with torch.no_grad():
            return model.test_step(pseudo_collate([pipeline(sample)]))[0]


@pytest.mark.parametrize(('name', 'expected', 'number'), [
    ('quickstart/cgeartheye-tiny_upernet_600_synthetic-128', ['LoadRaster', 'TestTimeAug'], (3, 2, 1, 1)),
    ('quickstart/cgeartheye-tiny_upernet_600_synthetic-scenes-128', ['LoadWindow', 'TestTimeAug'], (3, 2, 1)),
    ('baselines/resnet-50_linear_100e_aid-224', ['LoadRaster', 'ResizeEdge', 'CenterCrop', 'TestTimeAug'], (2, 1)),
    ('baselines/resnet-50_dino_60e_dior-784', ['LoadRaster', 'Resize', 'TestTimeAug'], (2, 1, 1)),
    ('baselines/resnet-50_orcnn_12e_dota-1024', ['LoadRaster', 'Resize', 'TestTimeAug'], (3, 1, 1, 1)),
])  # fmt: skip
def test_views_are_made_of_the_test_pipeline(name: str, expected: list[str], number: tuple[int, ...]) -> None:
    config = load_config(name)
    before = config.test_dataloader.dataset.pipeline
    found = views(before, config.default_scope)
    assert kinds(found) == expected
    groups = found[-1]['transforms']
    assert tuple(map(len, groups)) == number
    flips = next(group for group in groups if kinds(group)[0] == 'RandomFlip')
    assert [flip['prob'] for flip in flips] == [0.0] + [1.0] * (len(flips) - 1), 'the first view is the image as it is'
    steps = kinds(found[:-1]) + [kinds(group)[0] for group in groups]
    assert set(kinds(before)) == set(steps) - ({'RandomFlip', 'Resize', 'TestTimeAug'} - set(kinds(before)))
    assert config.test_dataloader.dataset.pipeline == before, 'the config stays as it is'


def test_a_mirrored_picture_gives_the_mirrored_map(tmp_path: Path) -> None:
    config = load_config('quickstart/cgeartheye-tiny_upernet_600_synthetic-128')
    pixels = np.random.default_rng(0).integers(0, 255, (ROWS, COLUMNS, 3), np.uint8)
    plain = merged(config, picture(tmp_path / 'a.png', pixels)).pred_sem_seg.data
    mirrored = merged(config, picture(tmp_path / 'b.png', pixels[:, ::-1].copy())).pred_sem_seg.data
    assert plain.shape[-2:] == (ROWS, COLUMNS) and len(plain.unique()) > 1
    assert (plain == mirrored.flip(-1)).float().mean() > 0.999
    assert (plain == mirrored).float().mean() < 0.9


def test_a_mirrored_pair_gives_the_mirrored_change(tmp_path: Path) -> None:
    config = load_config('quickstart/unet-siam_fcn_600_synthetic-change-128')
    drawn = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)

    def change(name: str, dates: np.ndarray) -> torch.Tensor:
        first, second = (picture(tmp_path / f'{name}{index}.png', date) for index, date in enumerate(dates))
        return merged(config, dict(first, img_path2=second['img_path'])).pred_sem_seg.data.float()

    plain, mirrored = change('a', drawn), change('b', drawn[:, :, ::-1].copy())
    assert plain.shape[-2:] == (64, 64)
    assert (plain == mirrored.flip(-1)).float().mean() > 0.99


def test_a_mirrored_scene_has_the_same_scores(tmp_path: Path) -> None:
    config = load_config('quickstart/cgeartheye-tiny_linear_8e_aid-rsicd-64')
    config.model.head.init_cfg = dict(type='Normal', layer='Linear', std=1.0)
    config.test_dataloader.dataset.pipeline = [dict(type='mmrs.LoadRaster'), dict(type='PackInputs')]
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    plain, mirrored = (
        merged(config, picture(tmp_path / f'{index}.png', view)).pred_score
        for index, view in enumerate((pixels, pixels[:, ::-1].copy()))
    )
    assert plain.std() > 0 and plain.sum() == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(plain, mirrored, rtol=0, atol=1e-5)


class BrightBoxes(torch.nn.Module):
    """Finds the one bright rectangle of a view, and a false one in the corner of that view, as detectors answer."""

    def __init__(self, oriented: bool) -> None:
        super().__init__()
        self.oriented = oriented

    def test_step(self, data: dict[str, Any]) -> list[Any]:
        image, sample = data['inputs'][0], data['data_samples'][0]
        rows, columns = torch.nonzero(image[0] > 128, as_tuple=True)
        box = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
        scale = torch.tensor(sample.scale_factor).repeat(2)
        boxes = torch.stack([box, torch.tensor([0.0, 0, 8, 8])]) / scale
        if self.oriented:
            size = boxes[:, 2:] - boxes[:, :2]
            # Half of the rectangle is brighter: which side tells the sign of its angle.
            left, right = image[0][:, : int(box[[0, 2]].mean())], image[0][:, int(box[[0, 2]].mean()) :]
            angle = torch.full((2, 1), 0.3 if left.max() > right.max() else -0.3)
            upper, lower = image[0][: int(box[[1, 3]].mean())], image[0][int(box[[1, 3]].mean()) :]
            angle = angle if upper.max() > lower.max() else -angle
            boxes = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, size, angle], 1)
        sample.pred_instances = InstanceData(bboxes=boxes, scores=torch.tensor([0.9, 0.3]), labels=torch.tensor([2, 2]))
        return [sample]


@pytest.mark.parametrize(('name', 'views_made'), [
    ('baselines/resnet-50_dino_60e_dior-784', 2), ('baselines/resnet-50_orcnn_12e_dota-1024', 3)
])  # fmt: skip
def test_boxes_of_all_views_fall_on_the_object_and_are_merged(tmp_path: Path, name: str, views_made: int) -> None:
    config = load_config(name)
    oriented = views_made == 3
    for step in config.test_dataloader.dataset.pipeline:
        if step.type.endswith('Resize'):
            step.scale = (2 * COLUMNS, 2 * ROWS)
    pixels = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    pixels[6:16, 20:36] = 160
    pixels[6:11, 20:28] = 220  # its upper left quarter
    found = merged(config, picture(tmp_path / 'a.png', pixels), BrightBoxes(oriented)).pred_instances
    best = found.scores > 0.5
    assert best.sum() == 1 and (~best).sum() == views_made, 'one object; a false box for every corner it was put in'
    expected = [28.0, 11, 16, 10, 0.3] if oriented else [20.0, 6, 36, 16]
    torch.testing.assert_close(found.bboxes[best][0], torch.tensor(expected), rtol=0, atol=1.1)
    assert set(found.labels.tolist()) == {2}
    centres = found.bboxes[~best][:, :2] + (0 if oriented else 2)
    corners = {(2, 2), (COLUMNS - 2, 2)} | ({(2, ROWS - 2)} if oriented else set())
    assert {tuple(map(round, centre)) for centre in centres.tolist()} == corners


def test_what_has_no_views_is_refused() -> None:
    config = load_config('baselines/resnet-50_dino_60e_dior-784')
    bare = Config({key: value for key, value in config.to_dict().items() if key != 'tta_model'})
    with pytest.raises(ConfigError, match='no tta_model'):
        augment(bare)
    with pytest.raises(ConfigError, match='default_scope mmagic'):
        views(config.test_dataloader.dataset.pipeline, 'mmagic')
    config.model.roi_head = dict(mask_head=dict())
    with pytest.raises(ConfigError, match='instance masks'):
        augment(config)


def test_a_pipeline_of_the_configs_own_and_wrapped_datasets_are_kept() -> None:
    config = load_config('quickstart/unet-siam_fcn_600_synthetic-change-128')
    own = config.tta_pipeline
    dataset = config.test_dataloader.dataset
    config.test_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[dataset, dict(type='Wrapper', dataset=dataset)]
    )
    augment(config)
    parts = config.test_dataloader.dataset.datasets
    assert parts[0].pipeline == own and parts[1].dataset.pipeline == own
    assert config.model.type == 'SegTTAModel' and config.model.module.type == 'mmrs.SiamEncoderDecoder'
