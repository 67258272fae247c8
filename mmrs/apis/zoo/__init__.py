"""The zoo: what is known of every config that comes with mmrs, and whether it still holds."""

from mmrs.apis.zoo.metafile import read_zoo
from mmrs.apis.zoo.records import Record

__all__ = ['Record', 'read_zoo']
