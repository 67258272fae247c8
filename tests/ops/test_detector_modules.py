"""Layers and whole detectors of the hosts, trained one step and run once on operators without a compiler."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import mmrs  # noqa: F401

ops = pytest.importorskip('mmcv.ops')
mmdet = pytest.importorskip('mmdet.models')
mmrotate = pytest.importorskip('mmrotate.models')
from mmdet.structures import DetDataSample  # noqa: E402
from mmdet.structures.mask import BitmapMasks  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.registry import MODELS, DefaultScope  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from mmrotate.structures.bbox import RotatedBoxes  # noqa: E402

SIZE = 96


def check_step(module, *inputs):
    """Runs a module forward and backward; gradients are finite, and the first input has one."""
    first = inputs[0].clone().requires_grad_()
    out = module(first, *inputs[1:])
    out.square().mean().backward()
    for tensor in (first, *module.parameters()):
        assert tensor.grad is None or tensor.grad.isfinite().all()
    assert first.grad.any()
    return out


@pytest.mark.parametrize('kind', ['DeformConv2dPack', 'ModulatedDeformConv2dPack'])
def test_deformable_layers(kind):
    layer = getattr(ops, kind)(4, 6, 3, stride=2, padding=1, deform_groups=2)
    torch.nn.init.normal_(layer.conv_offset.weight, std=0.1)
    assert check_step(layer, torch.randn(2, 4, 9, 8)).shape == (2, 6, 5, 4)


def test_switchable_convolution_deforms():
    assert check_step(ops.SAConv2d(4, 4, 3, padding=1, use_deform=True), torch.randn(1, 4, 8, 8)).shape == (1, 4, 8, 8)


def attention_inputs(queries=5):
    shapes = torch.tensor([[4, 6], [2, 3]])
    starts = torch.tensor([0, 24])
    points = torch.rand(2, queries, 2, 2)
    return torch.randn(2, queries, 16), torch.randn(2, 30, 16), points, shapes, starts


def test_deformable_attention_layer_on_both_of_its_paths(monkeypatch):
    layer = ops.MultiScaleDeformableAttention(16, 2, 2, 3, batch_first=True, dropout=0.0)
    torch.nn.init.normal_(layer.sampling_offsets.weight, std=0.3)
    torch.nn.init.normal_(layer.attention_weights.weight, std=0.3)
    query, value, points, shapes, starts = attention_inputs()

    def run(tokens):
        return layer(tokens, value=value, reference_points=points, spatial_shapes=shapes, level_start_index=starts)

    def gradients():
        out = run(query)
        return out, *torch.autograd.grad(out.square().sum(), list(layer.parameters()))

    # On CPU mmcv samples level by level in Python; on CUDA it calls the operator, as is forced here.
    fallback = gradients()
    monkeypatch.setattr(
        'mmcv.ops.multi_scale_deform_attn.multi_scale_deformable_attn_pytorch',
        lambda value, shapes, locations, weights: ops.multi_scale_deform_attn.MultiScaleDeformableAttnFunction.apply(
            value, shapes, starts, locations, weights, 64
        ),
    )
    torch.testing.assert_close(gradients(), fallback, atol=1e-4, rtol=1e-4)


def test_roi_layers():
    feat = torch.randn(2, 16, 12, 12)
    upright = torch.tensor([[0, 4.0, 4, 30, 28], [1, 0, 0, 47, 47]])
    rotated = torch.tensor([[0, 20.0, 20, 16, 8, 0.5], [1, 24, 24, 30, 30, -1.2]])
    layers = [
        (ops.RoIAlign(4, 0.25, 0), upright),
        (ops.RoIPool(4, 0.25), upright),
        (ops.DeformRoIPoolPack(4, 16, 32, 0.25, 2), upright),
        (ops.ModulatedDeformRoIPoolPack(4, 16, 32, 0.25, 2), upright),
        (ops.RoIAlignRotated(4, 0.25, 2, clockwise=True), rotated),
        (ops.RiRoIAlignRotated((4, 4), 0.25, 2, 8), rotated),
    ]
    for layer, rois in layers:
        assert check_step(layer, feat, rois).shape == (2, 16, 4, 4)


def test_upsampling_and_attention_layers():
    assert check_step(ops.CARAFEPack(8, 2, compressed_channels=4), torch.randn(1, 8, 5, 6)).shape == (1, 8, 10, 12)
    assert check_step(ops.PSAMask('collect', (5, 7)), torch.randn(1, 35, 3, 4)).shape == (1, 12, 3, 4)
    assert check_step(ops.CornerPool('left'), torch.randn(1, 2, 5, 6)).shape == (1, 2, 5, 6)
    assert check_step(ops.CrissCrossAttention(8), torch.randn(1, 8, 4, 5)).shape == (1, 8, 4, 5)
    assert check_step(ops.BorderAlign(4), torch.randn(1, 8, 6, 6), torch.tensor([[[1.0, 1, 4, 3]]])).numel() == 8


def test_synchronised_batch_norm_equals_torch():
    from mmcv.ops.sync_bn import SyncBatchNormFunction

    x = torch.randn(3, 4, 5, 6)
    weight, bias = torch.rand(4).requires_grad_(), torch.randn(4, requires_grad=True)
    results = []
    for own in (True, False):
        leaf = x.clone().requires_grad_()
        mean, var = torch.zeros(4), torch.ones(4)
        if own:
            out = SyncBatchNormFunction.apply(leaf, mean, var, weight, bias, 0.1, 1e-5, None, 1, 'N')
        else:
            out = torch.nn.functional.batch_norm(leaf, mean, var, weight, bias, True, 0.1, 1e-5)
        results.append((out, mean, var, *torch.autograd.grad(out.pow(3).sum(), (leaf, weight, bias))))
    torch.testing.assert_close(*results, atol=1e-4, rtol=1e-4)


def test_alignment_modules_of_mmrotate():
    from mmrotate.models.layers.align import FRM, AlignConv
    from mmrotate.models.utils import ORConv2d, RotationInvariantPooling

    feat = torch.randn(2, 8, 6, 7)
    anchors = [[torch.rand(42, 5) * 30 + 8] for _ in range(2)]
    for module in (AlignConv(8, 3, [8]), FRM(8, [8])):
        assert check_step(OneLevel(module, anchors), feat).shape == feat.shape
    oriented = check_step(ORConv2d(8, 2, 3, (1, 8), padding=1), feat)
    assert RotationInvariantPooling(16, 8)(oriented).shape == (2, 2, 6, 7)


class OneLevel(torch.nn.Module):
    """A module that takes lists of levels, as one that takes the only level."""

    def __init__(self, inner, anchors):
        super().__init__()
        self.inner, self.anchors = inner, anchors

    def forward(self, x):
        return self.inner([x], self.anchors)[0]


def scene(kind):
    """Sample with three boxes: 'upright' (with masks), 'rotated' or 'quadrilateral'."""
    centre, side = torch.rand(3, 2) * SIZE / 2 + SIZE / 4, torch.rand(3, 2) * SIZE / 4 + 10
    instances = InstanceData(labels=torch.tensor([0, 1, 2]))
    if kind == 'upright':
        instances.bboxes = torch.cat((centre - side / 2, centre + side / 2), dim=1).clamp(0, SIZE)
        instances.masks = BitmapMasks(torch.ones(3, SIZE, SIZE, dtype=torch.uint8).numpy(), SIZE, SIZE)
    else:
        boxes = RotatedBoxes(torch.cat((centre, side, torch.rand(3, 1) - 0.5), dim=1))
        instances.bboxes = boxes if kind == 'rotated' else boxes.convert_to('qbox')
    shape = {key: (SIZE, SIZE) for key in ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')}
    sample = DetDataSample(metainfo={**shape, 'scale_factor': (1.0, 1.0), 'img_id': 0}, gt_instances=instances)
    sample.ignored_instances = InstanceData(bboxes=instances.bboxes[:0])
    return sample


def small_config(package, path):
    config = Path(package.__file__).parents[1] / '.mim' / 'configs' / path
    if not config.is_file():
        pytest.skip(f'{package.__package__} was installed without its configs')
    model = Config.fromfile(config).model
    model.backbone.init_cfg = None
    model.backbone.depth = 18
    model.neck.in_channels = [64, 128, 256, 512]
    return model


@pytest.mark.parametrize(
    'package, path, kind',
    [
        (mmrotate, 'oriented_rcnn/oriented-rcnn-le90_r50_fpn_1x_dota.py', 'rotated'),
        (mmrotate, 's2anet/s2anet-le135_r50_fpn_1x_dota.py', 'rotated'),
        (mmrotate, 'r3det/r3det-oc_r50_fpn_1x_dota.py', 'rotated'),
        (mmrotate, 'oriented_reppoints/oriented-reppoints-qbox_r50_fpn_1x_dota.py', 'quadrilateral'),
        (mmdet, 'mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'upright'),
    ],
    ids=['oriented-rcnn', 's2anet', 'r3det', 'oriented-reppoints', 'mask-rcnn'],
)
def test_detector_trains_and_predicts(package, path, kind):
    with DefaultScope.overwrite_default_scope(package.__name__.split('.')[0]):
        model = MODELS.build(small_config(package, path)).train()
        inputs = [torch.randint(0, 255, (3, SIZE, SIZE), dtype=torch.uint8) for _ in range(2)]
        data = model.data_preprocessor({'inputs': inputs, 'data_samples': [scene(kind) for _ in range(2)]}, True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        loss.backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        assert loss.isfinite() and gradients and all(g.isfinite().all() for g in gradients)
        model.eval()
        with torch.no_grad():
            results = model(data['inputs'], data['data_samples'], mode='predict')
    assert {result.pred_instances.bboxes.shape[1] for result in results} == {4 if kind == 'upright' else 5}
