"""Synthetic landscapes with labels: deterministic by seed, co-registered in every modality."""

from mmrs.datasets.synthetic.classes import CLASSES, PALETTE, Cover
from mmrs.datasets.synthetic.scene import SyntheticScene, draw_scene

__all__ = ['CLASSES', 'PALETTE', 'Cover', 'SyntheticScene', 'draw_scene']
