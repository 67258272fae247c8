"""Synthetic landscapes with labels: deterministic by seed, co-registered in every modality."""

from mmrs.datasets.synthetic.classes import CLASSES, PALETTE, Cover
from mmrs.datasets.synthetic.scene import SyntheticScene, draw_scene
from mmrs.datasets.synthetic.writer import Plan, write_dataset

__all__ = ['CLASSES', 'PALETTE', 'Cover', 'Plan', 'SyntheticScene', 'draw_scene', 'write_dataset']
