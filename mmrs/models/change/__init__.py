"""Change detection on mmsegmentation. Importing this package imports mmsegmentation."""

from mmrs.models.change.adapter import BitemporalAdapter
from mmrs.models.change.ban import BAN, BANMLPDecoder, BitemporalAdapterHead
from mmrs.models.change.losses import ForegroundDiceLoss
from mmrs.models.change.siamese import SiamEncoderDecoder

__all__ = [
    'BAN',
    'BANMLPDecoder',
    'BitemporalAdapter',
    'BitemporalAdapterHead',
    'ForegroundDiceLoss',
    'SiamEncoderDecoder',
]
