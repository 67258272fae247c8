"""Shards of `mmrs data build` feed pretraining: the same samples as its GeoTIFFs, damage named, any order resumed."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from raw_archive import write_archive
from torch.utils.data import DataLoader

from mmrs.apis.config import load_config
from mmrs.apis.train import train
from mmrs.datasets.mars_pairs import MaRSPairs
from mmrs.datasets.pretraining.build import Source, build
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.shard_sampler import ShardSampler
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import DATA_SAMPLERS, DATASETS

OPTIONS = BuildOptions(tile=32, val_share=0.0, duplicate_bits=-1, shard_size=4)
STEPS = [
    dict(type='mmrs.LoadRaster', keys=('img_path', 'sar_path')),
    dict(type='mmrs.RandomResizedPair', size=32),
    dict(type='mmrs.NormalizeBySensor'),
    dict(type='mmrs.BlockMask', mask_patch_size=16),
    dict(type='mmrs.PackPair'),
]


@pytest.fixture(scope='module')
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp('shards')
    raw = write_archive(root / 'raw', 2)
    for form in ('geotiff', 'webdataset'):
        build(Source(raw), root / form, replace(OPTIONS, form=form), processes=0)
    return {form: root / form for form in ('geotiff', 'webdataset')}


def shards(root: Path, **options: object) -> object:
    return DATASETS.build(dict(type='mmrs.MaRSShards', data_root=str(root), **{'pipeline': STEPS, **options}))


def test_samples_are_those_of_the_folders(folders: dict[str, Path]) -> None:
    packed = shards(folders['webdataset'], pipeline=STEPS[:1])
    pairs = MaRSPairs(
        str(folders['geotiff'] / 'train'),
        folders=dict(Capella_patches='capella', Umbra_patches='umbra'),
        pipeline=STEPS[:1],
    )
    loose = {Path(item['sar_path']).stem: item for item in pairs}
    assert len(packed) == len(pairs) == 24 and packed.shard_sizes == [4] * 6
    for item in packed:
        other = loose[item['key'].split('_', 1)[1]]
        np.testing.assert_array_equal(item['img'], other['img'])
        assert item['sensors'] == other['sensors']


def test_they_train_mars(folders: dict[str, Path]) -> None:
    from mmrs.models.pretrain.mars import MaRSPretrain

    data = shards(folders['webdataset'])
    loader = DataLoader(data, 4, sampler=ShardSampler(data, seed=0), num_workers=1, collate_fn=pseudo_collate)
    batch = next(iter(loader))
    size = dict(embed_dims=4, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))
    model = MaRSPretrain(size, window_size=4, teacher=False)
    losses = model(torch.stack(batch['inputs']), torch.stack(batch['masks']), mode='loss')
    assert all(torch.isfinite(loss) for loss in losses.values()) and len(losses) >= 3


def cut_off(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size) // 512 * 512])


def test_damaged_shards_are_named_counted_and_left_out_within_a_limit(folders: dict[str, Path], tmp_path: Path) -> None:
    root = copytree(folders['webdataset'], tmp_path / 'damaged')
    cut_off(root / 'train-000001.tar', 0.6)
    (root / 'train-000002.tar').write_bytes(b'no tar' * 1000)
    with pytest.raises(DataError, match=r'train-000001\.tar.*2 problems: 2 x shard'):
        shards(root)
    kept = shards(root, skip_bad=2)
    assert kept.shard_sizes[2] == 0 and 0 < kept.shard_sizes[1] < 4 and len(kept) == sum(kept.shard_sizes)
    assert all(sample['inputs'].shape == (4, 32, 32) for sample in kept)


def test_a_shard_cut_between_two_samples_is_damaged_too(folders: dict[str, Path], tmp_path: Path) -> None:
    path = copytree(folders['webdataset'], tmp_path / 'cut') / 'train-000000.tar'
    with tarfile.open(path) as archive:
        path_end = archive.getmembers()[6].offset
    path.write_bytes(path.read_bytes()[:path_end])
    with pytest.raises(DataError, match='1 x shard'):
        shards(path.parent)


def test_a_sample_without_a_partner_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        archive.add(__file__, 'one.rgb.tif')
    with pytest.raises(DataError, match=r'a\.tar: one: found no member sar\.tif.*1 x unpaired'):
        shards(tmp_path)


def test_broken_pixels_name_shard_and_sample_and_are_skipped(folders: dict[str, Path], tmp_path: Path) -> None:
    root = copytree(folders['webdataset'], tmp_path / 'pixels')
    path = root / 'train-000003.tar'
    with tarfile.open(path) as archive:
        member = archive.getmembers()[0]
    content = bytearray(path.read_bytes())
    content[member.offset_data + 200 : member.offset_data + member.size] = bytes(member.size - 200)
    path.write_bytes(content)
    data = shards(root)
    with pytest.raises(RasterError, match=rf'train-000003\.tar: {member.name.split(".")[0]}: found'):
        data[12]
    assert shards(root, skip_bad=1).prepare_data(12) is None


def test_sensors_that_nobody_knows(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="'iceye' in .*sar=dict"):
        shards(folders['webdataset'], sar=dict(Umbra='iceye'))
    assert shards(folders['webdataset'], sar='umbra')[0]['inputs'].shape == (4, 32, 32)
    with pytest.raises(DataError, match='no shard'):
        shards(folders['geotiff'])


@pytest.mark.parametrize('processes', [1, 3])
def test_order_is_complete_shared_out_and_resumed(
    folders: dict[str, Path], processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, orders = shards(folders['webdataset']), []
    for rank in range(processes):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, processes))
        samplers = [DATA_SAMPLERS.build(dict(type='mmrs.ShardSampler', dataset=data, seed=1, together=2)) for _ in '12']
        order = [index for index, _ in zip(samplers[0], range(60), strict=False)]
        samplers[1].skip(23)
        assert [index for index, _ in zip(samplers[1], range(37), strict=False)] == order[23:]
        orders.append(order)
    length = 24 // processes
    for start in (0, length):  # each pass takes every sample once, and not in the order of the pass before
        assert sorted(index for order in orders for index in order[start : start + length]) == list(range(24))
    assert orders[0][:length] != orders[0][length : 2 * length]
    if processes == 1:  # two shards at a time
        assert len({index // 4 for index in orders[0][:8]}) == 2


def test_order_needs_shards(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match='a data set without shards'):
        ShardSampler(list(range(5)))
    with pytest.raises(ConfigError, match='a part of the samples'):
        ShardSampler(shards(folders['webdataset'], indices=3))


def run_config(root: Path, work: Path, iterations: int, workers: int, resume: bool = False) -> torch.Tensor:
    """Trains the recipe of MaRS at tiny width on shards; returns the patch embedding."""
    config = load_config('mars/mars-base_ssl_12e_mars-16m-512')
    size = dict(embed_dims=4, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))
    config.model.update(size=size, window_size=4, weights=None, teacher_weights=None)
    loader = config.train_dataloader
    loader.update(batch_size=2, num_workers=workers, persistent_workers=False)
    loader.update(sampler=dict(type='mmrs.ShardSampler', together=2))
    loader.dataset = dict(type='mmrs.MaRSShards', data_root=str(root), pipeline=loader.dataset.pipeline)
    next(step for step in loader.dataset.pipeline if step.type == 'mmrs.RandomResizedPair').size = 32
    next(step for step in loader.dataset.pipeline if step.type == 'mmrs.BlockMask').mask_patch_size = 16
    config.optim_wrapper.optimizer.lr = 1.0  # of which the warm-up takes one in 32,783
    config.train_cfg.max_iters = iterations
    config.default_hooks.checkpoint.interval = 1
    config.randomness = dict(seed=0)
    train(config, work_dir=work, resume=resume)
    state = torch.load(work / f'iter_{iterations}.pth', weights_only=False)['state_dict']
    return state['encoder_rgb.encoder.patch_embed.proj.weight']


@pytest.mark.long
def test_a_recipe_trains_on_shards_and_resumes_to_the_bit(folders: dict[str, Path], tmp_path: Path) -> None:
    whole = run_config(folders['webdataset'], tmp_path / 'whole', 4, 1)
    half = run_config(folders['webdataset'], tmp_path / 'parts', 2, 0)
    resumed = run_config(folders['webdataset'], tmp_path / 'parts', 4, 0, resume=True)
    assert torch.equal(resumed, whole) and not torch.equal(half, whole)
