"""SwinV2-B and ViT-G on a GPU beside timm and mmpretrain: forward and frozen training step, images a second and memory.

Every peer has the same input, type and batch as ours and alternates with it in this process. At the end a frozen ViT-G
with a UPerNet head trains at 518 pixels; its peak has to stay under 16 GB. Without a GPU the script says so and exits
with 2; ``--device cpu --tiny`` runs all of it on toys, to try the script, not to measure.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from _harness import compare, machine_line, markdown_table
from torch import Tensor, nn
from torch.nn import functional

import mmrs  # noqa: F401  (supplies mmcv's operators)
from mmrs.apis.config import load_config
from mmrs.models import CGEarthEye, SwinV2
from mmrs.weights.convert import KeyFormat, from_mmrs

MODES = ('float32', 'bfloat16', 'compiled bfloat16')
MEMORY_GATE = 16e9  # bytes
TINY_VIT = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 2, 'ffn': 'swiglu'}
TINY_SWIN = {'embed_dims': 16, 'depths': (1, 2), 'num_heads': (2, 2)}


@dataclass(frozen=True)
class Family:
    """Ours and its peers, with equal weights where names can be translated.

    Attributes:
        name: What the table calls it.
        pixels: Side of the images.
        ours: Builds our backbone, frozen or not.
        peers: Builders of the others, from ours, by name; each gives a module whose forward returns features.
    """

    name: str
    pixels: int
    ours: Callable[[bool], nn.Module]
    peers: dict[str, Callable[[nn.Module], nn.Module]]


class Features(nn.Module):
    """Gives every backbone one form: a map or tokens from its last layer, and where their channels are."""

    def __init__(self, backbone: nn.Module, method: str = 'forward', axis: int = 1) -> None:
        super().__init__()
        self.backbone, self.method, self.axis = backbone, method, axis

    def forward(self, images: Tensor) -> Tensor:
        """Runs the backbone."""
        outputs = getattr(self.backbone, self.method)(images)
        return outputs[-1] if isinstance(outputs, (tuple, list)) else outputs


def vit(tiny: bool) -> Family:
    """ViT-G with SwiGLU at 518 pixels (tiny: a toy at 28)."""
    pixels = 28 if tiny else 518

    def ours(frozen: bool) -> nn.Module:
        size: Any = TINY_VIT if tiny else 'giant'
        depth = 2 if tiny else 40
        return CGEarthEye(size, img_size=pixels, frozen_stages=depth if frozen else -1)

    def timm(model: nn.Module) -> nn.Module:
        from timm.layers import SwiGLUPacked
        from timm.models import VisionTransformer

        hidden = model.blocks[0].mlp.w3.in_features
        peer = VisionTransformer(
            img_size=pixels,
            patch_size=14,
            embed_dim=model.embed_dims,
            depth=model.num_layers,
            num_heads=model.arch.num_heads,
            mlp_ratio=2 * hidden / model.embed_dims,
            mlp_layer=SwiGLUPacked,
            act_layer=nn.SiLU,
            init_values=1e-5,
            num_classes=0,
        )
        state = model.state_dict()
        renamed = {name.replace('mlp.w12', 'mlp.fc1').replace('mlp.w3', 'mlp.fc2'): state[name] for name in state}
        peer.load_state_dict(renamed)
        return Features(peer, 'forward_features', axis=-1)

    def mmpretrain(model: nn.Module) -> nn.Module:
        from mmpretrain.models import VisionTransformer

        arch = {
            'embed_dims': model.embed_dims,
            'num_layers': model.num_layers,
            'num_heads': model.arch.num_heads,
            'feedforward_channels': 4 * model.embed_dims,
        }
        peer = VisionTransformer(
            arch=arch,
            img_size=pixels,
            patch_size=14,
            layer_scale_init_value=1e-5,
            layer_cfgs={'ffn_type': 'swiglu_fused'},
            out_type='featmap',
        )
        peer.load_state_dict(from_mmrs(model.state_dict(), KeyFormat.MMPRETRAIN))
        return Features(peer)

    return Family(f'ViT-{"tiny" if tiny else "G"}', pixels, ours, {'timm': timm, 'mmpretrain': mmpretrain})


def swin(tiny: bool) -> Family:
    """SwinV2-B with windows of 8 at 256 pixels (tiny: a toy at 64)."""
    pixels = 64 if tiny else 256

    def ours(frozen: bool) -> nn.Module:
        arch: Any = TINY_SWIN if tiny else 'base'
        stages = 2 if tiny else 4
        last = (stages - 1,)
        model = SwinV2(arch, out_indices=last, final_norm='last', drop_path_rate=0.0)
        for name, value in model.named_parameters():
            if 'norm' in name:  # at their first value, residual norms of zero would hide every block
                nn.init.normal_(value, 1.0, 0.1)
        return model.requires_grad_(not frozen).train(not frozen)

    def timm(model: nn.Module) -> nn.Module:
        from timm.models import SwinTransformerV2

        peer = SwinTransformerV2(
            img_size=pixels,
            window_size=8,
            embed_dim=model.arch.embed_dims,
            depths=tuple(model.arch.depths),
            num_heads=tuple(model.arch.num_heads),
            num_classes=0,
            drop_path_rate=0.0,
        )
        peer.load_state_dict(model.state_dict(), strict=False)
        return Features(peer, 'forward_features', axis=-1)

    def mmpretrain(model: nn.Module) -> nn.Module:
        from mmpretrain.models import SwinTransformerV2

        arch: Any = {'extra_norm_every_n_blocks': 0, **{key: getattr(model.arch, key) for key in TINY_SWIN}}
        depth = len(model.arch.depths)
        return Features(  # random weights: its names have no translation here
            SwinTransformerV2(
                arch=arch,
                img_size=pixels,
                window_size=[8] * depth,
                pretrained_window_sizes=[0] * depth,
                out_indices=(depth - 1,),
                drop_path_rate=0.0,
            )
        )

    return Family(f'SwinV2-{"tiny" if tiny else "B"}', pixels, ours, {'timm': timm, 'mmpretrain': mmpretrain})


class Step:
    """One optimiser step of a linear head on pooled features of a frozen backbone."""

    def __init__(self, backbone: nn.Module, images: Tensor) -> None:
        self.backbone, self.images = backbone, images
        with torch.no_grad():
            width = backbone(images).shape[backbone.axis]
        self.head = nn.Linear(width, 10).to(images.device)
        self.labels = torch.zeros(len(images), dtype=torch.long, device=images.device)
        self.optimiser = torch.optim.AdamW(self.head.parameters(), lr=1e-3)

    def __call__(self) -> None:
        """Takes the step."""
        features = self.backbone(self.images).float().movedim(self.backbone.axis, -1).flatten(1, -2)
        functional.cross_entropy(self.head(features.mean(1)), self.labels).backward()
        self.optimiser.step()
        self.optimiser.zero_grad()


def prepared(model: nn.Module, mode: str, device: torch.device, frozen: bool) -> nn.Module:
    """Moves a model and sets its type; frozen, it has no gradients and stays in eval mode; compiled where asked for."""
    model = model.to(device, torch.bfloat16 if 'bfloat16' in mode else torch.float32).eval()
    if frozen:
        model.requires_grad_(False)
    return torch.compile(model) if mode.startswith('compiled') else model


def forward_of(model: nn.Module, images: Tensor) -> Callable[[], Tensor]:
    """A forward pass without a graph."""

    def run() -> Tensor:
        with torch.no_grad():
            return model(images)

    return run


def peak_memory(run: Callable[[], Any], device: torch.device) -> float:
    """Peak memory of the device during a call in bytes, with what lies there already; nan without a GPU."""
    if device.type != 'cuda':
        return float('nan')
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    run()
    torch.cuda.synchronize()
    return float(torch.cuda.max_memory_allocated())


def rows_of(family: Family, arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Compares ours with every peer in every mode."""
    device = torch.device(arguments.device)
    for mode in arguments.modes:
        for name, build in family.peers.items():
            for what in ('forward', 'frozen step'):
                yield _row(family, mode, name, build, what, device, arguments)


def _row(
    family: Family,
    mode: str,
    name: str,
    build: Callable[[nn.Module], nn.Module],
    what: str,
    device: torch.device,
    arguments: argparse.Namespace,
) -> dict[str, object]:
    frozen = what == 'frozen step'
    torch.manual_seed(0)
    plain = family.ours(frozen)
    models = [build(plain), Features(plain)]
    shape = (arguments.batch_size, 3, family.pixels, family.pixels)
    images = torch.randn(shape, device=device, dtype=torch.bfloat16 if 'bfloat16' in mode else torch.float32)
    # Peaks one model at a time, so that neither pays for the other's weights.
    peaks, runs = [], []
    for model in models:
        ready = prepared(model, mode, device, frozen)
        run = Step(ready, images) if frozen else forward_of(ready, images)
        run()  # compiles
        peaks.append(peak_memory(run, device))
        runs.append(run)
        model.cpu()
    for model in models:
        model.to(device)
    result = compare(runs[0], runs[1], arguments.pairs)
    return {
        'what': f'{family.name}, {family.pixels} px, batch {arguments.batch_size}, {what}',
        'mode': mode,
        'peer': name,
        'peer img/s': f'{arguments.batch_size / result.peer_seconds:.1f}',
        'ours img/s': f'{arguments.batch_size / result.ours_seconds:.1f}',
        'ratio': f'{result.ratio:.2f}',
        'peer peak (GB)': f'{peaks[0] / 1e9:.2f}',
        'ours peak (GB)': f'{peaks[1] / 1e9:.2f}',
    }


def upernet_peak(device: torch.device, tiny: bool, batch_size: int) -> float:
    """Peak memory in bytes of three training steps of the giant's iSAID config at 518 pixels, backbone in bf16."""
    from mmengine.model import revert_sync_batchnorm
    from mmengine.optim import AmpOptimWrapper, OptimWrapper
    from mmengine.registry import MODELS
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    config = load_config('cgeartheye/cgeartheye-giant_upernet_160k_isaid-518')
    config.model.backbone.update(init_cfg=None, frozen_dtype='bfloat16')
    pixels = 518
    if tiny:
        pixels = 56
        config.model.backbone.update(size=TINY_VIT, out_indices=(0, 1), frozen_stages=2, img_size=56)
        config.model.neck.update(in_channels=[48, 48], out_channels=48, scales=[2, 1])
        config.model.decode_head.update(in_channels=[48, 48], in_index=[0, 1], channels=16)
        config.model.auxiliary_head.update(in_channels=48, in_index=1, channels=16)
    config.model.data_preprocessor.size = (pixels, pixels)
    with MODELS.switch_scope_and_registry('mmseg') as registry:
        model = revert_sync_batchnorm(registry.build(config.model)).to(device).train()
    trained = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4)
    wrapper: Any = AmpOptimWrapper(dtype='bfloat16', optimizer=optimiser) if device.type == 'cuda' else None
    samples = []
    for _ in range(batch_size):
        sample = SegDataSample(metainfo={'img_shape': (pixels, pixels), 'ori_shape': (pixels, pixels)})
        sample.gt_sem_seg = PixelData(data=torch.zeros(1, pixels, pixels, dtype=torch.long))
        samples.append(sample)
    images = [torch.randint(0, 255, (3, pixels, pixels), dtype=torch.uint8) for _ in range(batch_size)]

    def steps() -> None:
        for _ in range(3):
            model.train_step({'inputs': images, 'data_samples': samples}, wrapper or OptimWrapper(optimiser))

    return peak_memory(steps, device)


def main() -> int:
    """Prints the tables; returns 1 when the gate of memory is missed, 2 without a GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cuda')
    parser.add_argument('--tiny', action='store_true', help='toys, to try the script')
    parser.add_argument('--pairs', type=int, default=9)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--upernet-batch-size', type=int, default=2)
    parser.add_argument('--modes', nargs='+', choices=MODES, default=list(MODES))
    parser.add_argument('--families', nargs='+', choices=('swin', 'vit'), default=['swin', 'vit'])
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == 'cuda' and not torch.cuda.is_available():
        print('gpu_backbones.py: there is no GPU here; --device cpu --tiny tries the script', file=sys.stderr)
        return 2
    print(machine_line())
    families = [{'swin': swin, 'vit': vit}[name](arguments.tiny) for name in arguments.families]
    print(markdown_table([row for family in families for row in rows_of(family, arguments)]))
    peak = upernet_peak(device, arguments.tiny, arguments.upernet_batch_size)
    what = f'ViT-G frozen in bf16 with UPerNet, 518 px, batch {arguments.upernet_batch_size}'
    print(f'\n{what}: peak {peak / 1e9:.2f} GB (gate {MEMORY_GATE / 1e9:.0f})')
    return int(peak >= MEMORY_GATE)


if __name__ == '__main__':
    sys.exit(main())
