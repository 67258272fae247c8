"""A tiny backbone and the names of its tensors."""

from __future__ import annotations

import torch


def vit_keys(depth: int, swiglu: bool) -> list[str]:
    """Names of a DINOv2 ViT, written out here so that the tables under test are not checked against themselves."""
    keys = ['cls_token', 'pos_embed', 'patch_embed.proj.weight', 'patch_embed.proj.bias']
    layers = ['norm1', 'attn.qkv', 'attn.proj', 'norm2', *(['mlp.w12', 'mlp.w3'] if swiglu else ['mlp.fc1', 'mlp.fc2'])]
    for index in range(depth):
        keys += [f'blocks.{index}.{layer}.{part}' for layer in layers for part in ('weight', 'bias')]
        keys += [f'blocks.{index}.ls1.gamma', f'blocks.{index}.ls2.gamma']
    return [*keys, 'norm.weight', 'norm.bias']


def tiny_backbone(**changes: object) -> torch.nn.Module:
    from mmrs.models.backbones import CGEarthEye

    options = {'size': {'embed_dims': 24, 'num_layers': 2, 'num_heads': 3}, 'img_size': 56, **changes}
    return CGEarthEye(**options)
