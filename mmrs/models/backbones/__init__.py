"""Backbones, registered under scope ``mmrs`` and usable from every OpenMMLab host."""

from mmrs.models.backbones.cached import CachedFeatures
from mmrs.models.backbones.cgeartheye import CGEarthEye
from mmrs.models.backbones.dual_swin_v2 import DualSwinV2
from mmrs.models.backbones.lora import LoRA
from mmrs.models.backbones.mars import MaRS
from mmrs.models.backbones.skysense_hr import SkySenseHR
from mmrs.models.backbones.skysense_vit import SkySenseS1, SkySenseS2, SkySenseViT
from mmrs.models.backbones.swin_v2 import SwinArch, SwinV2
from mmrs.models.backbones.vision_transformer import VisionTransformer, ViTArch

__all__ = [
    'CGEarthEye',
    'CachedFeatures',
    'DualSwinV2',
    'LoRA',
    'MaRS',
    'SkySenseHR',
    'SkySenseS1',
    'SkySenseS2',
    'SkySenseViT',
    'SwinArch',
    'SwinV2',
    'ViTArch',
    'VisionTransformer',
]
