"""Synthetic landscapes with labels: deterministic by seed, co-registered in every modality."""

from mmrs.datasets.synthetic.change import SyntheticPair, draw_pair
from mmrs.datasets.synthetic.classes import CLASSES, PALETTE, Cover
from mmrs.datasets.synthetic.detection import SyntheticDetection, draw_detection
from mmrs.datasets.synthetic.detection_writer import LAYOUTS, write_detection
from mmrs.datasets.synthetic.pair_writer import write_pairs
from mmrs.datasets.synthetic.scene import SyntheticScene, draw_scene
from mmrs.datasets.synthetic.scene_writer import write_scenes
from mmrs.datasets.synthetic.writer import Plan, write_dataset

__all__ = [
    'CLASSES',
    'PALETTE',
    'LAYOUTS',
    'Cover',
    'Plan',
    'SyntheticDetection',
    'SyntheticPair',
    'SyntheticScene',
    'draw_detection',
    'draw_pair',
    'draw_scene',
    'write_dataset',
    'write_detection',
    'write_pairs',
    'write_scenes',
]
