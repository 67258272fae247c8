"""Probes of frozen backbones: what they read, what they write, and that training does not notice."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, PixelData
from PIL import Image
from torch import nn
from two_processes import in_two_processes

from mmrs.engine import probe_backbone
from mmrs.engine.frozen_features import extract_features, looking_at, majority, patch_map, pooled
from mmrs.engine.probe import ProbeHook, fresh_model, without_weights
from mmrs.errors import ConfigError, DataError

STATISTICS = dict(mean=[100.0] * 3, std=[50.0] * 3)


class Scenes(torch.utils.data.Dataset):
    """Images of two classes, bright and dark, as they or their quarters."""

    def __init__(self, count, dense=False, seed=0):
        random = np.random.default_rng(seed)
        self.samples = []
        for index in range(count):
            classes = torch.from_numpy(random.integers(0, 2, (2, 2))) if dense else torch.full((2, 2), index % 2)
            mask = classes.repeat_interleave(8, 0).repeat_interleave(8, 1)
            image = torch.from_numpy(random.integers(0, 40, (3, 16, 16))) + mask * 60
            truth = BaseDataElement()
            if dense:
                truth.gt_sem_seg = PixelData(data=mask[None].clone())
                truth.gt_sem_seg.data[..., :8, :8] = 255
            else:
                truth.gt_label = torch.tensor([index % 2])
            self.samples.append(dict(inputs=image.to(torch.uint8), data_samples=truth))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


class Net(nn.Module):
    """A map of the means of 8 x 8 pixels; as a sequence, with a class token before them."""

    def __init__(self, tokens=False):
        super().__init__()
        self.layer, self.drop, self.tokens = nn.Conv2d(3, 4, 8, 8), nn.Dropout(0.5), tokens
        with torch.no_grad():
            self.layer.weight.fill_(0.01)
            self.layer.bias.copy_(torch.tensor([0.0, 1, 2, 3]))

    def forward(self, images):
        found = self.drop(self.layer(images))
        if not self.tokens:
            return (found,)
        sequence = found.flatten(2).transpose(1, 2)
        return (torch.cat([sequence.mean(1, keepdim=True), sequence], 1),)


@pytest.mark.parametrize('dense', [False, True])
def test_probe_reads_what_features_know(dense):
    scores = probe_backbone(Net(), Scenes(12, dense), Scenes(8, dense, seed=1), **STATISTICS, patches=4)
    wanted = {'knn', 'linear', 'rank', 'knn_miou', 'linear_miou'} if dense else {'knn', 'linear', 'rank'}
    assert set(scores) == wanted
    assert scores['knn'] == scores['linear'] == 1.0 and 1 < scores['rank'] < 4
    blind = Net()
    nn.init.zeros_(blind.layer.weight)
    scores = probe_backbone(blind, Scenes(12, dense), Scenes(8, dense, seed=1), **STATISTICS, patches=4)
    assert scores['rank'] == pytest.approx(1, abs=1e-4) and scores['linear'] < 0.8


def test_features_of_maps_and_sequences_agree():
    features = [extract_features(Net(tokens).eval(), Scenes(5, True), **STATISTICS, batch_size=2) for tokens in (0, 1)]
    torch.testing.assert_close(features[0].values, features[1].values)
    assert features[0].dense and features[0].values.shape == (15, 4)  # a quarter of every image is unknown
    assert set(features[0].labels.tolist()) == {0, 1}
    sequence = torch.rand(2, 7, 4)
    assert patch_map((sequence,), (20, 30)).shape == (2, 4, 2, 3)
    torch.testing.assert_close(patch_map(sequence, (20, 30))[0, :, 1, 0], sequence[0, 4])
    torch.testing.assert_close(pooled(sequence), sequence[:, 0])


def test_a_patch_has_the_class_of_most_of_its_pixels():
    mask = torch.tensor([[1, 1, 2, 2], [1, 0, 2, 255], [0, 0, 255, 255], [0, 3, 255, 3]])
    assert majority(mask, (2, 2)).tolist() == [[1, 2], [0, 255]]


def test_nothing_changes():
    net = Net().train()
    net.layer.eval()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = random.random(), float(np.random.rand()), float(torch.rand(()))
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    probe_backbone(net, Scenes(4), Scenes(4), **STATISTICS)
    assert (random.random(), float(np.random.rand()), float(torch.rand(()))) == expected
    assert net.training and net.drop.training and not net.layer.training
    with pytest.raises(ValueError), looking_at(net):
        raise ValueError
    assert net.drop.training


def test_wrong_output_and_wrong_labels_are_told():
    with pytest.raises(ConfigError, match='module of the probe'):
        pooled({'a': 1})
    with pytest.raises(ConfigError, match='a tensor of 2 axes'):
        patch_map(torch.rand(2, 4), (16, 16))
    odd = Scenes(2)
    for sample in odd.samples:
        sample['data_samples'].gt_label = torch.tensor([0, 1])
    with pytest.raises(ConfigError, match='found 2 labels'):
        extract_features(Net(), odd, **STATISTICS)


class Student(nn.Module):
    """A model with a backbone and statistics, as the hook finds it."""

    def __init__(self):
        super().__init__()
        self.backbone, self.data_preprocessor = Net(), nn.Identity()
        self.data_preprocessor.mean, self.data_preprocessor.std = (torch.tensor(STATISTICS[k]) for k in STATISTICS)


def write_scenes(root: Path, count: int = 6) -> Path:
    """Folders of a bright and a dark class, for training and held out."""
    generator = np.random.default_rng(0)
    for split in ('train', 'val'):
        for level, name in enumerate(('dark', 'bright')):
            (root / split / name).mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(100 * level, 100 * level + 90, (40, 36, 3), np.uint8)
                Image.fromarray(pixels).save(root / split / name / f'{index}.png')
    return root


@pytest.fixture
def folders(tmp_path):
    root = write_scenes(tmp_path / 'scenes')
    return dict(train=str(root / 'train'), val=str(root / 'val'), pixels=32)


def test_module_statistics_and_folders_are_checked(folders, tmp_path):
    assert ProbeHook('backbone', **folders).look(Student())['knn'] == 1.0
    with pytest.raises(ConfigError, match=r"found 'bone'; expected a module of the model \(backbone"):
        ProbeHook('bone', **folders).look(Student())
    plain = Student()
    del plain.data_preprocessor.mean
    with pytest.raises(ConfigError, match='mean of the probe'):
        ProbeHook('backbone', **folders).look(plain)
    assert ProbeHook('backbone', **folders, **STATISTICS).look(plain)['knn'] == 1.0
    with pytest.raises(DataError, match='no such folder'):
        ProbeHook('backbone', str(tmp_path / 'nowhere'), folders['val']).build_sets()


def test_random_initialisation_forgets_where_weights_come_from():
    load = dict(type='mmrs.Pretrained', checkpoint='a.pth')
    config = dict(
        type='mmrs.CGEarthEye', weights='b.pth', init_cfg=[dict(type='TruncNormal', layer='Linear'), load], more=[load]
    )
    bare = without_weights(config)
    assert bare == dict(type='mmrs.CGEarthEye', init_cfg=[dict(type='TruncNormal', layer='Linear')], more=[load])
    assert without_weights(dict(a=dict(init_cfg=load))) == dict(a=dict(init_cfg=None))
    from_scratch = dict(weights=None, size=(1, 2), parts=[dict(teacher_weights=None)])
    assert without_weights(from_scratch) == from_scratch
    tiny = dict(type='mmrs.CGEarthEye', size=dict(embed_dims=12, num_layers=1, num_heads=1), img_size=28, init_cfg=load)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again, other = (fresh_model(tiny, seed).blocks[0].mlp.fc1.weight for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


TINY = dict(type='mmrs.CGEarthEye', size=dict(embed_dims=12, num_layers=2, num_heads=1), img_size=28, patch_size=7)


def look_sharded(folders):
    from torch.distributed.fsdp import fully_shard

    model = fresh_model(TINY, 3)
    for block in model.blocks:
        fully_shard(block)
    fully_shard(model)
    hook = ProbeHook('', **folders, **STATISTICS)
    hook._config = TINY
    scores = hook.look(model)
    model(torch.rand(1, 3, 28, 28))  # the model itself was left as it is: its first step still comes
    return scores


def test_a_sharded_backbone_is_put_together(folders, tmp_path):
    folders = {**folders, 'pixels': 28}
    found = in_two_processes(lambda rank: look_sharded(folders), tmp_path)
    alone = ProbeHook('', **folders, **STATISTICS).look(fresh_model(TINY, 3))
    assert found[0] == pytest.approx(alone) and found[1] == {}


def share(rank):
    features = extract_features(Net().eval(), Scenes(5), **STATISTICS, batch_size=2)
    scores = probe_backbone(Net(), Scenes(5), Scenes(3), **STATISTICS)
    return features.values.numpy(), features.labels.numpy(), scores


def test_two_processes_share_the_images(tmp_path):
    found = in_two_processes(share, tmp_path)
    alone = extract_features(Net().eval(), Scenes(5), **STATISTICS)
    for rank in range(2):
        np.testing.assert_allclose(found[rank][0], alone.values.numpy(), rtol=1e-6)
        assert found[rank][1].tolist() == alone.labels.tolist()
    assert found[0][2] == probe_backbone(Net(), Scenes(5), Scenes(3), **STATISTICS) and found[1][2] == {}
