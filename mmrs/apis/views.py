"""Test-time augmentation of any config: views of an image that a host's model for it merges."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mmrs.errors import ConfigError

if TYPE_CHECKING:
    from mmengine.config import Config

# Steps of a test pipeline that load what is to be compared with: they come after the views, in the image's own pixels.
TRUTH = ('LoadMask', 'LoadChangeLabel', 'LoadAnnotations', 'ConvertBoxType')
SCALES = (1.0, 0.75, 1.25)
FLIPS = {
    'mmseg': ('horizontal',),
    'mmpretrain': ('horizontal',),
    'mmdet': ('horizontal',),
    'mmrotate': ('horizontal', 'vertical'),
}


def augment(config: Config) -> None:
    """Puts the model of a config into one that merges views, and the views into its test pipelines.

    A config's own ``tta_pipeline`` is taken as it is. Without one the views are made from the test pipeline: the image
    and its mirror images, for segmentation and change detection at three scales; the first is the image as it is.

    Args:
        config: With ``tta_model``; changed in place.

    Raises:
        ConfigError: If it has no ``tta_model``, no known host, or detects instance masks, which hosts cannot merge.
    """
    if 'tta_model' not in config:
        fix = 'Name one in the config, as the files *_runtime.py in configs/_base_ do.'
        raise ConfigError('--tta', 'no tta_model in the config', 'the model that merges views', fix)
    if 'mask_head' in (config.model.get('roi_head') or {}):
        fix = 'Test without --tta, or with one of boxes.'
        raise ConfigError('--tta', 'a detector of instance masks', 'one whose views can be merged', fix)
    for dataset in _datasets(config.test_dataloader['dataset']):
        dataset['pipeline'] = config.get('tta_pipeline') or views(dataset['pipeline'], config.get('default_scope'))
    config.model = dict(config.tta_model, module=config.model)


def views(pipeline: list[dict[str, Any]], host: str | None) -> list[dict[str, Any]]:
    """A test pipeline that makes several views of every image.

    Args:
        pipeline: Of the test set; the last step packs.
        host: ``default_scope`` of the config.

    Raises:
        ConfigError: If the host is not one of ``FLIPS``, or a step makes views already.
    """
    steps = [dict(deepcopy(step)) for step in pipeline]
    if host not in FLIPS or not steps or any(_kind(step) == 'TestTimeAug' for step in steps):
        expected = f'default_scope {", ".join(FLIPS)} and a pipeline without views'
        raise ConfigError('--tta', f'default_scope {host}', expected, 'Add a tta_pipeline to the config.')
    truth = [step for step in steps[:-1] if _kind(step) in TRUTH]
    image = [step for step in steps[:-1] if _kind(step) not in TRUTH]
    pack = steps[-1]
    if 'meta_keys' in pack:
        pack['meta_keys'] = (*pack['meta_keys'], *({'flip', 'flip_direction'} - set(pack['meta_keys'])))
    scope = 'mmdet.' if host == 'mmrotate' else ''
    flips = [dict(type=f'{scope}RandomFlip', prob=0.0, direction='horizontal')]
    flips += [dict(type=f'{scope}RandomFlip', prob=1.0, direction=direction) for direction in FLIPS[host]]
    groups = [flips, *([step] for step in truth), [pack]]
    if host == 'mmseg':
        groups.insert(0, [dict(type='Resize', scale_factor=scale, keep_ratio=True) for scale in SCALES])
    return [*image, dict(type='TestTimeAug', transforms=groups)]


def _datasets(dataset: Any) -> Iterator[Any]:
    """The datasets within wrappers that have a pipeline."""
    if 'pipeline' in dataset:
        yield dataset
    for inner in (*dataset.get('datasets', ()), *filter(None, [dataset.get('dataset')])):
        yield from _datasets(inner)


def _kind(step: dict[str, Any]) -> str:
    return str(step['type']).split('.')[-1]
